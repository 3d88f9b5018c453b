import { allowanceOf, planOf, type Plan } from './gcra.js';
import type { Allowance, RateLimit, RateLimitStore } from './rate-limit.js';

/** Settings of {@link MemoryRateLimits}. */
export interface MemoryRateLimitsOptions {
  /**
   * Keys remembered; beyond them the one that was used least recently is forgotten, so that a flood of invented keys
   * costs bounded memory.
   * @default 50000
   */
  maxKeys?: number;
  /** Milliseconds that never go back. @default performance.now */
  now?: () => number;
}

/**
 * Counts in this process, by the same algorithm as Redis: the rate limits of a service without Redis, and the insurance
 * of one whose Redis is away.
 *
 * @example
 * const limits = new MemoryRateLimits({ maxKeys: 1_000 });
 * const { allowed, retryAfterMs } = await limits.take('search', userId, { quota: 10, windowMs: 1_000 });
 */
export class MemoryRateLimits implements RateLimitStore {
  /** When a key is free again, in µs; the least recently used first. */
  private readonly free = new Map<string, number>();
  private readonly maxKeys: number;
  private readonly now: () => number;

  constructor({ maxKeys = 50_000, now = () => performance.now() }: MemoryRateLimitsOptions = {}) {
    this.maxKeys = maxKeys;
    this.now = now;
  }

  /** Keys remembered at present. */
  get size(): number {
    return this.free.size;
  }

  take(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    return this.answer(limit, (plan) => this.step(nameOf(policy, key), plan, plan.costUs));
  }

  peek(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    return this.answer(limit, (plan) => {
      const used = this.usedUs(nameOf(policy, key), plan);
      return allowanceOf(plan, used + plan.costUs <= plan.limitUs, used);
    });
  }

  async giveBack(policy: string, key: string, limit: RateLimit): Promise<void> {
    await this.answer(limit, (plan) => this.step(nameOf(policy, key), plan, -plan.costUs));
  }

  reset(policy: string, key: string): Promise<void> {
    this.free.delete(nameOf(policy, key));
    return Promise.resolve();
  }

  /** Whether anything of a key is used up at present. */
  holds(policy: string, key: string): boolean {
    return (this.free.get(nameOf(policy, key)) ?? 0) > this.nowUs();
  }

  /** Synchronous work behind an asynchronous door: a bad limit rejects. */
  private async answer(limit: RateLimit, decide: (plan: Plan) => Allowance): Promise<Allowance> {
    return decide(planOf(limit));
  }

  private step(name: string, plan: Plan, costUs: number): Allowance {
    const used = this.usedUs(name, plan);
    const wanted = Math.max(0, used + costUs);
    if (wanted > plan.limitUs) return allowanceOf(plan, false, used);
    this.free.delete(name);
    if (wanted > 0) this.remember(name, this.nowUs() + wanted);
    return allowanceOf(plan, true, wanted);
  }

  private usedUs(name: string, { limitUs }: Plan): number {
    return Math.min(limitUs, Math.max(0, (this.free.get(name) ?? 0) - this.nowUs()));
  }

  private remember(name: string, freeUs: number): void {
    this.free.set(name, freeUs);
    if (this.free.size <= this.maxKeys) return;
    const [oldest] = this.free.keys();
    if (oldest !== undefined) this.free.delete(oldest);
  }

  private nowUs(): number {
    return Math.floor(this.now() * 1_000);
  }
}

const nameOf = (policy: string, key: string): string => `${policy}:${key}`;
