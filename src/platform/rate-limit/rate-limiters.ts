import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { RateLimiterRedis, type IRateLimiterOptions } from 'rate-limiter-flexible';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../redis/redis.settings.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { BoundedMemoryLimiter } from './bounded-memory-limiter.js';

export interface AttemptLimit {
  /** Unique in the service; part of the Redis key. */
  name: string;
  /** Attempts a window. */
  points: number;
  windowMs: number;
  /** What is being counted, in the plural, for the refusal. */
  what: string;
  /** False: every process counts for itself, without asking Redis. @default true */
  shared?: boolean;
}

const MAX_KEYS_IN_MEMORY = 50_000;

/** Makes limiters that count in Redis, for all instances together, and in this process while there is no Redis. */
@Injectable()
export class RateLimiters implements OnApplicationShutdown {
  private readonly local: BoundedMemoryLimiter[] = [];

  constructor(
    private readonly redis: RedisConnections,
    private readonly settings: RedisSettings,
    private readonly runtime: RuntimeSettings,
  ) {}

  create({ name, points, windowMs, what, shared = true }: AttemptLimit): AttemptLimiter {
    const options: IRateLimiterOptions = {
      keyPrefix: `${this.settings.keyPrefix}:${this.runtime.environment}:attempts:${name}`,
      points,
      duration: Math.ceil(windowMs / 1000),
    };
    const memory = new BoundedMemoryLimiter(options, MAX_KEYS_IN_MEMORY);
    this.local.push(memory);
    const storeClient = shared ? this.redis.commands : undefined;
    if (!storeClient) return new AttemptLimiter(memory, what);
    return new AttemptLimiter(
      // Counting must go on, and at once, when Redis does not answer: each instance then counts for itself.
      new RateLimiterRedis({
        ...options,
        storeClient,
        insuranceLimiter: memory,
        rejectIfRedisNotReady: true,
      }),
      what,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.local.map((limiter) => limiter.clear()));
  }
}
