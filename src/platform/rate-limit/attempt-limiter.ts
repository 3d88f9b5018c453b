import { createHash } from 'node:crypto';
import type { RateLimit, RateLimitStore } from '@rapport/redis';
import { platformErrors } from '../errors/platform.errors.js';

/** So many attempts for each key, counted before the attempt, so that parallel ones cannot slip through. */
export class AttemptLimiter {
  constructor(
    private readonly limits: RateLimitStore,
    private readonly name: string,
    private readonly limit: RateLimit,
    private readonly what: string,
  ) {}

  /** @throws rate-limited with the time until there is another attempt */
  async consume(key: string): Promise<void> {
    const { allowed, retryAfterMs } = await this.limits.take(this.name, digest(key), this.limit);
    if (allowed) return;
    throw platformErrors['rate-limited'](`Too many ${this.what}; try again later.`, { retryAfterMs });
  }

  /** Gives one attempt back. */
  async refund(key: string): Promise<void> {
    await this.limits.giveBack(this.name, digest(key), this.limit);
  }

  async reset(key: string): Promise<void> {
    await this.limits.reset(this.name, digest(key));
  }
}

/** Keys are names and addresses of people, and of any length: neither belongs into Redis. */
const digest = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, 22);
