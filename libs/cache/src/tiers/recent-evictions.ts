import type { Eviction } from './tier.js';

interface Acknowledged {
  readonly evictions: readonly Eviction[];
  readonly at: number;
}

/**
 * The evicts that were acknowledged a short while ago, to be sent again over a new connection: replication is
 * asynchronous, so the server behind it may not know them. Bounded in time and number.
 */
export class RecentEvictions {
  private queue: Acknowledged[] = [];
  private first = 0;

  constructor(
    private readonly keptMs: number,
    private readonly limit: number,
  ) {}

  add(evictions: readonly Eviction[], now: number): void {
    this.queue.push({ evictions, at: now });
    while (this.queue.length - this.first > this.limit || this.queue[this.first]!.at < now - this.keptMs)
      this.first++;
    // Moving the rest costs as much as it has members, so it waits until half is gone.
    if (this.first * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.first);
      this.first = 0;
    }
  }

  /** Gives away what is still recent. */
  take(now: number): Eviction[] {
    const recent = this.queue.slice(this.first).filter(({ at }) => at >= now - this.keptMs);
    this.queue = [];
    this.first = 0;
    return recent.flatMap(({ evictions }) => evictions);
  }
}
