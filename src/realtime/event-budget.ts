const monotonic = (): number => performance.now();

/** How many events a client may send: so many a second for long, and as many again saved up for a burst. */
export class EventBudget {
  private left: number;
  private at: number;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = monotonic,
  ) {
    this.left = perSecond * 2;
    this.at = now();
  }

  /** Whether one more is within it. */
  take(): boolean {
    const now = this.now();
    this.left = Math.min(this.perSecond * 2, this.left + ((now - this.at) / 1_000) * this.perSecond);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
