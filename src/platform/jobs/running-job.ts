import type { Database } from '../database/database.js';
import type { Job, JobProgress } from './job.js';
import type { JobsRepository } from './jobs.repository.js';
import { ProgressTeller } from './progress-teller.js';
import type { ReportedProgress } from './monotone-progress.js';

/** Why a run is to stop: the reason of its signal. */
export type StopReason = 'cancelled' | 'lost' | 'shutdown' | 'timeout';

/** Thrown by a run that has noticed that it is to stop. */
export class JobStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(`The job is to stop: ${reason}.`);
    this.name = 'JobStopped';
  }
}

/** Thrown by {@link RunningJob.waitUntil}; let it leave the handler. */
export class JobWaits extends Error {
  constructor(readonly until: Date) {
    super(`The job waits until ${until.toISOString()}.`);
    this.name = 'JobWaits';
  }
}

/** A job in the hands of its handler. */
export class RunningJob<Payload = unknown, Checkpoint = unknown> {
  readonly id: string;
  readonly kind: string;
  readonly userId: string | null;
  readonly payload: Payload;
  /** From 1. */
  readonly attempt: number;
  private readonly abort = new AbortController();
  private readonly teller: ProgressTeller;
  private kept: Checkpoint | undefined;

  constructor(
    private readonly claimed: Job,
    private readonly jobs: JobsRepository,
    private readonly database: Database,
    tell: () => Promise<boolean>,
  ) {
    this.id = claimed.id;
    this.kind = claimed.kind;
    this.userId = claimed.userId;
    this.payload = claimed.payload as Payload;
    this.attempt = claimed.attempts;
    this.kept = (claimed.checkpoint ?? undefined) as Checkpoint | undefined;
    this.teller = new ProgressTeller(claimed.progress, async (progress) => {
      // Told is what the row says after it: whoever hears of it may read at once.
      if (!(await jobs.save(claimed, progress)) || !(await tell())) this.stop('lost');
    });
  }

  /** Aborted when the job was cancelled, lost to another worker, took too long, or its process is stopping. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** What an earlier run saved last; undefined for a job that begins. */
  get checkpoint(): Checkpoint | undefined {
    return this.kept;
  }

  get progress(): JobProgress {
    return this.teller.progress;
  }

  /**
   * Keeps where the next run would go on. Inside a transaction it is kept with what that writes, or not at all.
   * @throws JobStopped when the job is to stop: outside a transaction after it was saved, except by a worker that has
   * lost the job, whose writes are refused
   */
  async save(checkpoint: Checkpoint, progress: ReportedProgress = {}): Promise<void> {
    // Inside a transaction before anything is written: leaving undoes this batch, which the next run repeats.
    if (this.database.inTransaction) this.throwIfStopped();
    const after = this.teller.after(progress);
    if (!(await this.jobs.save(this.claimed, after, { value: checkpoint }))) {
      this.stop('lost');
      throw new JobStopped('lost');
    }
    await this.database.afterCommit(() => {
      this.kept = checkpoint;
      this.teller.report(progress);
    });
    if (!this.database.inTransaction) this.throwIfStopped();
  }

  /** Shows how far the job is; clients are told at most twice a second, and never less than before. */
  report(progress: ReportedProgress): void {
    void this.database.afterCommit(() => this.teller.report(progress));
  }

  /**
   * Ends this run; another one begins at `date` from the last checkpoint. No worker is kept busy meanwhile.
   * @throws JobWaits always
   */
  waitUntil(date: Date): Promise<never> {
    return Promise.reject(new JobWaits(date));
  }

  /** @throws JobStopped */
  throwIfStopped(): void {
    if (this.signal.aborted) throw this.signal.reason as JobStopped;
  }

  /** Called by the runner. */
  stop(reason: StopReason): void {
    this.abort.abort(new JobStopped(reason));
  }

  /** Nothing is told of it any more. */
  settle(): Promise<void> {
    return this.teller.stop();
  }

  get stopReason(): StopReason | undefined {
    return this.signal.aborted ? (this.signal.reason as JobStopped).reason : undefined;
  }
}
