import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MemoryRateLimits, RateLimits, RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../redis/redis.settings.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { RateLimitSettings } from './rate-limit.settings.js';

export interface AttemptLimit {
  /** Unique in the service; part of the Redis key. */
  name: string;
  /** Attempts at once; so many come back in a window, one by one. */
  points: number;
  windowMs: number;
  /** What is being counted, in the plural, for the refusal. */
  what: string;
  /** False: every process counts for itself, without asking Redis. @default true */
  shared?: boolean;
}

/** Limits counted in Redis, for all instances together, and in this process while there is no Redis. */
@Injectable()
export class RateLimiters implements OnApplicationShutdown {
  readonly shared: RateLimits;
  private readonly local = new MemoryRateLimits();

  constructor(
    redis: RedisConnections,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
    { deadlineMs }: RateLimitSettings,
  ) {
    this.shared = new RateLimits(redis, { prefix: `${keyPrefix}:${environment}`, deadlineMs });
  }

  create({ name, points, windowMs, what, shared = true }: AttemptLimit): AttemptLimiter {
    return new AttemptLimiter(shared ? this.shared : this.local, name, { quota: points, windowMs }, what);
  }

  onApplicationShutdown(): void {
    this.shared.close();
  }
}
