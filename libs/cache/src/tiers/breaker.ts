export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * Stops asking a server that does not answer. Opens after a few failures in a row, or at once when the connection is
 * known to be gone; one probe at a time decides whether it closes again.
 */
export class Breaker {
  private current: BreakerState = 'closed';
  private failures = 0;

  constructor(private readonly threshold: number) {}

  get state(): BreakerState {
    return this.current;
  }

  succeeded(): void {
    this.failures = 0;
  }

  /** True when this failure opened it. */
  failed(): boolean {
    this.failures++;
    return this.failures >= this.threshold && this.open();
  }

  /** True when it was closed before. */
  open(): boolean {
    const opened = this.current === 'closed';
    this.current = 'open';
    return opened;
  }

  probing(): void {
    this.current = 'half-open';
  }

  close(): void {
    this.current = 'closed';
    this.failures = 0;
  }
}
