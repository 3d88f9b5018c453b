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
    });
  }

  /** @throws rate-limited */
  lookup(actorId: string): Promise<void> {
    return this.limiter.consume(`actor:${actorId}`);
  }

  /** Open to anonymous callers, hence counted by address. @throws rate-limited */
  check(address: string): Promise<void> {
    return this.limiter.consume(`address:${clientNetwork(address)}`);
  }
}
