import type { Clock, Timer } from '../clock.js';

/**
 * Renews what this process holds in Redis (leases, holds) while it is at work, with one timer for all. What is not
 * renewed ends by itself, so a process that dies or stalls blocks nobody for long.
 */
export class KeepAlive {
  private readonly running = new Map<() => Promise<unknown>, number>();
  private timer?: Timer;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
    /** Nothing is renewed for longer than this: work that never ends must not block for ever. */
    private readonly longestMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Calls `renew` every while until the answer is called. */
  start(renew: () => Promise<unknown>): () => void {
    this.running.set(renew, this.clock.now());
    this.schedule();
    return () => void this.running.delete(renew);
  }

  stop(): void {
    this.running.clear();
    this.timer?.cancel();
    this.timer = undefined;
  }

  private schedule(): void {
    this.timer ??= this.clock.after(this.everyMs, () => {
      this.timer = undefined;
      this.renewAll();
      if (this.running.size > 0) this.schedule();
    });
  }

  private renewAll(): void {
    const now = this.clock.now();
    for (const [renew, since] of this.running) {
      if (now - since > this.longestMs) this.running.delete(renew);
      // Fresh ones have their whole time before them.
      else if (now - since >= this.everyMs / 2) renew().catch(this.onError);
    }
  }
}
