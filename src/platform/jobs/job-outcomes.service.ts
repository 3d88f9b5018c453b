import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Histogram } from 'prom-client';
import { AppError, type ErrorKind } from '../errors/app-error.js';
import { platformErrors } from '../errors/platform.errors.js';
import { toProblem } from '../http/problem.js';
import { Metrics } from '../metrics/metrics.js';
import { backoffOf } from './backoff.js';
import type { Job } from './job.js';
import { JobEnds } from './job-ends.service.js';
import { JobHandlers } from './job-handlers.js';
import { JobMoves } from './job-moves.service.js';
import { JobsRepository } from './jobs.repository.js';
import { JobWaits, type StopReason } from './running-job.js';

/** What a job has done is stored nowhere else: a database that is away for a moment must not cost it. */
const RETRY_MS = [200, 1_000, 3_000];
const ABANDONED_AT_ONCE = 20;

/** Kinds of errors that another attempt may not meet. */
const PASSING: ReadonlySet<ErrorKind> = new Set([
  'conflict',
  'too-many-requests',
  'internal',
  'upstream-failed',
  'unavailable',
  'upstream-timeout',
]);

/** What becomes of a job whose run is over. */
@Injectable()
export class JobOutcomes {
  private readonly logger = new Logger('Jobs');
  private readonly durations: Histogram<'kind' | 'outcome'>;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly ends: JobEnds,
    private readonly moves: JobMoves,
    metrics: Metrics,
  ) {
    this.durations = metrics.histogram({
      name: 'job_run_duration_seconds',
      help: 'Runs of background jobs, by what became of the job.',
      labelNames: ['kind', 'outcome'],
      buckets: [0.01, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600],
    });
  }

  async succeeded(job: Job, result: unknown): Promise<string> {
    return (await this.ends.end(job, { status: 'succeeded', result })) ? 'succeeded' : 'lost';
  }

  /** @param reason why it was told to stop, if it was */
  async stopped(job: Job, reason: StopReason | undefined, error: unknown): Promise<string> {
    if (error instanceof JobWaits) return this.wait(job, error.until);
    switch (reason) {
      case 'lost':
        return 'lost';
      case 'cancelled':
        return (await this.ends.end(job, { status: 'cancelled' })) ? 'cancelled' : 'lost';
      case 'shutdown':
        return this.handBack(job);
      case 'timeout':
        return this.failed(
          job,
          platformErrors['upstream-timeout']('The job took too long.', { cause: error }),
        );
      default:
        return this.failed(job, error);
    }
  }

  /** For another worker, or this one after a restart: nothing has failed. */
  async handBack(job: Job): Promise<string> {
    const released = await this.moves.release(job, { status: 'queued', resumeInMs: 0, uncounted: true });
    return released ? 'handed-back' : 'lost';
  }

  /** Ends jobs whose workers died once too often. */
  async endAbandoned(orphanedAfterMs: number): Promise<void> {
    for (const job of await this.jobs.exhausted(orphanedAfterMs, ABANDONED_AT_ONCE)) {
      const error = platformErrors.internal(`The process that ran the job stopped ${job.attempts} times.`);
      await this.ends.end(job, { status: 'failed', error: toProblem(error) }).catch((cause: unknown) => {
        this.logger.error(
          { err: cause, jobId: job.id, kind: job.kind },
          'An abandoned job could not be ended',
        );
      });
    }
  }

  /** Tried again while the database does not take it; in the end the job is taken over. */
  async settle(job: Job, startedAt: number, end: () => Promise<string>): Promise<void> {
    const outcome = await this.insist(job, end);
    this.durations.observe({ kind: job.kind, outcome }, (performance.now() - startedAt) / 1_000);
  }

  private async wait(job: Job, until: Date): Promise<string> {
    const resumeInMs = Math.max(0, until.getTime() - Date.now());
    const released = await this.moves.release(job, { status: 'waiting', resumeInMs, uncounted: true });
    return released ? 'waiting' : 'lost';
  }

  private async failed(job: Job, error: unknown): Promise<string> {
    const entry = { err: error, jobId: job.id, kind: job.kind, attempt: job.attempts };
    const isPassing = !(error instanceof AppError) || PASSING.has(error.kind);
    if (isPassing && job.attempts < job.maxAttempts) {
      this.logger.warn(entry, 'A job failed and is tried again');
      const { backoffMs } = this.handlers.get(job.kind).options;
      const resumeInMs = backoffOf(job.attempts, backoffMs, error);
      const released = await this.moves.release(job, { status: 'queued', resumeInMs, uncounted: false });
      return released ? 'retried' : 'lost';
    }
    this.logger.error(entry, 'A job failed');
    return (await this.ends.end(job, { status: 'failed', error: toProblem(error) })) ? 'failed' : 'lost';
  }

  private async insist(job: Job, end: () => Promise<string>): Promise<string> {
    for (const waitMs of RETRY_MS) {
      try {
        return await end();
      } catch (error) {
        this.logger.warn({ err: error, jobId: job.id }, 'The end of a run was not stored and is tried again');
        await sleep(waitMs);
      }
    }
    return end();
  }
}
