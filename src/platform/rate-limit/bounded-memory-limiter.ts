import { RateLimiterMemory, type IRateLimiterOptions, type RateLimiterRes } from 'rate-limiter-flexible';

/**
 * Counts in this process. The library keeps every key until its window ends; here the least recently counted key makes
 * room, so that a flood of invented addresses costs bounded memory.
 */
export class BoundedMemoryLimiter extends RateLimiterMemory {
  private readonly recent = new Set<string>();

  constructor(
    options: IRateLimiterOptions,
    private readonly maxKeys: number,
  ) {
    super(options);
  }

  get size(): number {
    return this.recent.size;
  }

  override consume(
    key: string | number,
    points?: number,
    options?: Record<string, unknown>,
  ): Promise<RateLimiterRes> {
    this.touch(String(key));
    return super.consume(key, points, options);
  }

  override delete(key: string | number): Promise<boolean> {
    this.recent.delete(String(key));
    return super.delete(key);
  }

  /** Forgets everything, and stops the timers that the library keeps for it. */
  async clear(): Promise<void> {
    await Promise.all([...this.recent].map((key) => this.delete(key)));
  }

  private touch(key: string): void {
    this.recent.delete(key);
    this.recent.add(key);
    if (this.recent.size <= this.maxKeys) return;
    const [oldest] = this.recent;
    // In memory a delete is done when it returns; its promise cannot fail.
    if (oldest !== undefined) void this.delete(oldest);
  }
}
