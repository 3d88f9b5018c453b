/** How long one cache call may still wait for Redis, over all its commands. Time in the loader does not count. */
export class CallBudget {
  private leftMs: number;

  constructor(private readonly deadlineMs: number) {
    this.leftMs = deadlineMs;
  }

  get remainingMs(): number {
    return this.leftMs;
  }

  spend(ms: number): void {
    this.leftMs -= ms;
  }

  /** Redis has answered that the wait was for another one's load: that is the loader's time, not its own. */
  restore(): void {
    this.leftMs = this.deadlineMs;
  }
}
