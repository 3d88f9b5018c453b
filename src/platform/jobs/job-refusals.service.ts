import { Injectable, Logger } from '@nestjs/common';
import { toProblem } from '../http/problem.js';
import { backoffOf } from './backoff.js';
import type { Job } from './job.js';
import { JobEnds } from './job-ends.service.js';
import { JobHandlers } from './job-handlers.js';
import { JobsRepository } from './jobs.repository.js';

/**
 * What becomes of a job that no worker can take, because somebody who is to hear of that fails. It counts as a run that
 * has failed: tried again later, so that it is in no other's way, and so many times, so that it comes to an end.
 */
@Injectable()
export class JobRefusals {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly ends: JobEnds,
  ) {}

  /** @param taken the job as it would be now */
  async note(taken: Job, error: unknown): Promise<void> {
    const { id, kind, fence } = taken;
    const untaken = { id, fence: fence - 1 };
    const { backoffMs } = this.handlers.get(kind).options;
    const job = await this.jobs.countRefusal(untaken, backoffOf(taken.attempts, backoffMs, error));
    // Somebody else could take it, or has ended it.
    if (!job) return;
    const entry = { err: error, jobId: id, kind, attempt: job.attempts };
    if (job.attempts < job.maxAttempts) {
      this.logger.warn(
        entry,
        'A job could not be taken, as who shows it does not hear of it; it is tried again',
      );
      return;
    }
    this.logger.error(entry, 'A job failed: it could not be taken, as who shows it does not hear of it');
    await this.ends.endUntaken(untaken, { status: 'failed', error: toProblem(error) });
  }
}
