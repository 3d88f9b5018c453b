import { platformErrors } from '../platform/errors/platform.errors.js';

/** So many tasks at a time, so many waiting, in order; the rest is told to come back. */
export class HashingQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly concurrency: number,
    private readonly maxWaiting: number,
  ) {}

  /** @throws unavailable when the queue is full */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) await this.turn();
    else this.running += 1;
    try {
      return await task();
    } finally {
      // A waiting task takes over the place, so that no newcomer can slip in before it.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private turn(): Promise<void> {
    if (this.waiting.length >= this.maxWaiting) {
      throw platformErrors.unavailable('Too many passwords are being checked at the moment; try again.', {
        retryAfterMs: 1_000,
      });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
