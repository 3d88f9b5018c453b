import { createHash } from 'node:crypto';
import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { platformErrors } from '../errors/platform.errors.js';

/** So many attempts a window for each key, counted before the attempt, so that parallel ones cannot slip through. */
export class AttemptLimiter {
  constructor(
    private readonly limiter: RateLimiterAbstract,
    private readonly what: string,
  ) {}

  /** @throws rate-limited with the time until the window ends */
  async consume(key: string): Promise<void> {
    try {
      await this.limiter.consume(digest(key));
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw platformErrors['rate-limited'](`Too many ${this.what}; try again later.`, {
        retryAfterMs: Math.max(1, Math.ceil(refusal.msBeforeNext)),
      });
    }
  }

  /** Gives one attempt back. */
  async refund(key: string): Promise<void> {
    await this.limiter.reward(digest(key));
  }

  async reset(key: string): Promise<void> {
    await this.limiter.delete(digest(key));
  }
}

/** Keys are names and addresses of people, and of any length: neither belongs into Redis. */
const digest = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, 22);
