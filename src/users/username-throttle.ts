import { Injectable } from '@nestjs/common';
import type { AttemptLimiter } from '../platform/rate-limit/attempt-limiter.js';
import { clientNetwork } from '../platform/rate-limit/client-address.js';
import { RateLimiters } from '../platform/rate-limit/rate-limiters.js';
import { UsersSettings } from './users.settings.js';

/** Keeps lookups by name from becoming a way to list everybody. */
@Injectable()
export class UsernameThrottle {
  private readonly limiter: AttemptLimiter;

  constructor(limiters: RateLimiters, settings: UsersSettings) {
    this.limiter = limiters.create({
      name: 'usernames',
      points: settings.usernameLookupsPerMinute,
      windowMs: 60_000,
      what: 'username lookups',
      // A cached profile costs less than a question to Redis.
      shared: false,
    });
  }

  /**
   * Counts names that nobody has: looking up known names is free, guessing runs out, and then nothing is told about
   * right guesses either.
   * @throws rate-limited
   */
  async lookup<T>(actorId: string, read: () => Promise<T>): Promise<T> {
    const key = `actor:${actorId}`;
    await this.limiter.consume(key);
    const found = await read();
    await this.limiter.refund(key);
    return found;
  }

  /** Open to anonymous callers, hence counted by address. @throws rate-limited */
  check(address: string): Promise<void> {
    return this.limiter.consume(`address:${clientNetwork(address)}`);
  }
}
