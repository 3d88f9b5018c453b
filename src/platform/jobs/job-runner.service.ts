import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Database } from '../database/database.js';
import { EventLog } from '../events/event-log.service.js';
import { newId } from '../ids/ids.js';
import { Shutdown } from '../shutdown/shutdown.js';
import type { Job } from './job.js';
import { JobAlarm } from './job-alarm.js';
import { JobHandlers } from './job-handlers.js';
import { JobMoves } from './job-moves.service.js';
import { JobOutcomes } from './job-outcomes.service.js';
import { JOB_CANCEL_REQUESTED, jobStream } from './jobs.events.js';
import { JobsRepository } from './jobs.repository.js';
import { JobSettings } from './jobs.settings.js';
import { RunningJob } from './running-job.js';

/** For jobs to store where they are when the process stops. */
const HAND_BACK_MS = 4_000;
/** A handler that has been told to stop and does not is left to itself after it. */
const IGNORED_MS = 30_000;

interface Run {
  claimed: Job;
  job: RunningJob;
  done: Promise<void>;
}

/**
 * Runs jobs in this process, so many at once. A job is claimed by one statement on its row, kept by heartbeats, and lost
 * when they cease: then another process goes on from the checkpoint, and what this one still writes is refused.
 */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly worker = newId();
  private readonly running = new Map<string, Run>();
  /** Jobs that are begun by somebody's request must not inherit its context. */
  private readonly ownContext = new AsyncResource('jobs');
  private heartbeat: NodeJS.Timeout | undefined;
  /** When the database last took a sign of life. */
  private heardAt = performance.now();
  private beating = false;
  private claiming: Promise<unknown> = Promise.resolve();
  private filling: Promise<void> | undefined;
  private fillAgain = false;
  private open = false;
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly moves: JobMoves,
    private readonly outcomes: JobOutcomes,
    private readonly alarm: JobAlarm,
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly settings: JobSettings,
    private readonly shutdown: Shutdown,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.run) return;
    this.open = true;
    this.stopListening = this.events.listen(({ event }) => {
      if (event.type !== JOB_CANCEL_REQUESTED) return;
      for (const { job } of this.running.values())
        if (event.stream === jobStream(job.id)) job.stop('cancelled');
    });
    this.heartbeat = setInterval(() => void this.beat(), this.settings.heartbeatMs);
    this.alarm.answer({ take: (id) => this.take(id), look: () => this.wake() }, this.settings.concurrency);
    this.wake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.finish();
  }

  get runningCount(): number {
    return this.running.size;
  }

  /** Begins as many due jobs as there is room for; jobs that nobody has been woken for are found this way, too. */
  wake(): void {
    if (this.filling) {
      this.fillAgain = true;
      return;
    }
    this.filling = this.ownContext
      .runInAsyncScope(() => this.fill())
      .catch((error: unknown) => this.logger.warn({ err: error }, 'Due jobs could not be looked for'))
      .finally(() => {
        this.filling = undefined;
        if (this.fillAgain) this.wake();
      });
  }

  /** Runs this job, if it is due and there is room, and resolves when the run is over. */
  async take(id: string): Promise<void> {
    const run = await this.ownContext.runInAsyncScope(() => this.begin(id));
    await run?.done;
  }

  /** Takes on nothing more and hands back what runs, as far as it has come. */
  async finish(): Promise<void> {
    this.open = false;
    this.alarm.silence();
    this.stopListening();
    await this.claiming;
    const runs = [...this.running.values()];
    for (const { job } of runs) job.stop('shutdown');
    const late = sleep(Math.min(HAND_BACK_MS, this.shutdown.workMs), undefined, { ref: false });
    await Promise.race([Promise.all(runs.map(({ done }) => done)), late]);
    clearInterval(this.heartbeat);
    for (const { claimed } of this.running.values())
      await this.outcomes.handBack(claimed).catch((error: unknown) => {
        this.logger.error({ err: error, jobId: claimed.id }, 'A job was left to be taken over');
      });
    this.running.clear();
  }

  private async fill(): Promise<void> {
    this.fillAgain = false;
    while (await this.begin());
  }

  /** One after the other: what is being claimed takes room, too, and which kind it will be is not known before. */
  private begin(id?: string): Promise<Run | undefined> {
    const begun = this.claiming.then(() => this.claim(id));
    this.claiming = begun.catch(() => undefined);
    return begun;
  }

  private async claim(id: string | undefined): Promise<Run | undefined> {
    const { worker, settings } = this;
    const kinds = this.kindsWithRoom();
    if (!this.open || kinds.length === 0 || this.running.size >= settings.concurrency) return undefined;
    const orphanedAfterMs = settings.takenOverAfterMs;
    const asked = performance.now();
    const claimed = await this.moves.claim({ worker, kinds, id, orphanedAfterMs });
    if (claimed === 'refused') return this.claim(id);
    if (!claimed) return undefined;
    this.heardAt = Math.max(this.heardAt, asked);
    return this.run(claimed);
  }

  private kindsWithRoom(): string[] {
    const claimed = [...this.running.values()].map((run) => run.claimed.kind);
    const hasRoom = (kind: string): boolean =>
      claimed.filter((other) => other === kind).length < this.handlers.get(kind).options.concurrency;
    return this.handlers.kinds.filter(hasRoom);
  }

  private run(claimed: Job): Run {
    const job = new RunningJob(claimed, this.jobs, this.database, () => this.moves.tell(claimed));
    const done = this.carryOut(claimed, job)
      .catch((error: unknown) => {
        this.logger.error({ err: error, jobId: job.id, kind: job.kind }, 'A job was left to be taken over');
      })
      .finally(() => {
        this.running.delete(runKey(claimed));
        this.wake();
      });
    const run = { claimed, job, done };
    this.running.set(runKey(claimed), run);
    if (!this.open) job.stop('shutdown');
    return run;
  }

  private async carryOut(claimed: Job, job: RunningJob): Promise<void> {
    const { options, run } = this.handlers.get(job.kind);
    const started = performance.now();
    const timeout = setTimeout(() => job.stop('timeout'), options.timeoutMs);
    if (claimed.cancelRequestedAt) job.stop('cancelled');
    let end: () => Promise<string>;
    try {
      job.throwIfStopped();
      const result = await unlessIgnored(run(job), job.signal);
      end = () => this.outcomes.succeeded(claimed, result);
    } catch (error) {
      end = () => this.outcomes.stopped(claimed, job.stopReason, error);
    } finally {
      clearTimeout(timeout);
      await job.settle();
    }
    // It came too late, and the job was handed back without it.
    if (!this.running.has(runKey(claimed))) return;
    await this.outcomes.settle(claimed, started, end);
  }

  /** Of all jobs at once; those that are no longer this worker's are told so. */
  private async beat(): Promise<void> {
    const runs = [...this.running.values()];
    if (runs.length === 0 || this.beating) return;
    this.beating = true;
    const { heartbeatMs, takenOverAfterMs } = this.settings;
    try {
      const held = await within(this.jobs.beat(runs.map(({ claimed }) => claimed)), heartbeatMs);
      this.heardAt = performance.now();
      const kept = new Map(held.map((claim) => [runKey(claim), claim]));
      for (const { claimed, job } of runs) {
        const claim = kept.get(runKey(claimed));
        if (!claim) job.stop('lost');
        else if (claim.cancelled) job.stop('cancelled');
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'A heartbeat was missed: the database did not take it');
      // Others are about to take the jobs over: what they do outside the database must not be done twice.
      if (performance.now() - this.heardAt < takenOverAfterMs - 2 * heartbeatMs) return;
      for (const { job } of runs) job.stop('lost');
    } finally {
      this.beating = false;
    }
  }
}

/** A job that was lost and is claimed again by the same process runs under another fence. */
const runKey = ({ id, fence }: Pick<Job, 'id' | 'fence'>): string => `${id} ${fence}`;

/** Waits for the work, but not for ever once it was told to stop. */
async function unlessIgnored<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const ignored = new Promise<never>((_, reject) => {
    const wait = (): void => {
      timer = setTimeout(() => reject(signal.reason as Error), IGNORED_MS);
      timer.unref();
    };
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
  try {
    return await Promise.race([work, ignored]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws when it takes longer */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
