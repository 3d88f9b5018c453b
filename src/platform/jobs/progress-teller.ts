import { Logger } from '@nestjs/common';
import type { JobProgress } from './job.js';
import { advance, type ReportedProgress } from './monotone-progress.js';

/** Contract: at most two a second. */
const EVERY_MS = 500;

/** Tells a job's progress: the first at once, then the latest of every half second, one after the other. */
export class ProgressTeller {
  private readonly logger = new Logger('Jobs');
  private told: JobProgress | undefined;
  private toldAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private latest: JobProgress,
    private readonly tell: (progress: JobProgress) => Promise<void>,
  ) {}

  get progress(): JobProgress {
    return this.latest;
  }

  /** What the progress would be after a report. */
  after(reported: ReportedProgress): JobProgress {
    return advance(this.latest, reported);
  }

  report(reported: ReportedProgress): void {
    this.latest = advance(this.latest, reported);
    if (this.stopped || this.timer) return;
    const waitMs = this.toldAt + EVERY_MS - performance.now();
    if (waitMs <= 0) this.send();
    else this.timer = setTimeout(() => this.send(), waitMs);
  }

  /** Nothing is told after it. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.telling;
  }

  private async tellLatest(): Promise<void> {
    // What was reported meanwhile may have been told with an earlier one.
    if (this.told === this.latest) return;
    this.told = this.latest;
    await this.tell(this.latest);
  }

  private send(): void {
    this.timer = undefined;
    this.toldAt = performance.now();
    this.telling = this.telling
      .then(() => this.tellLatest())
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'The progress of a job was not told');
      });
  }
}
