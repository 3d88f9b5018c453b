import type { Cluster, Redis } from 'ioredis';
import { RATE_LIMIT_SCRIPT } from '../lua/rate-limit.lua.js';
import { script } from '../lua/script.js';
import { allowanceOf, planOf, type Plan } from './gcra.js';
import type { Allowance, RateLimit, RateLimitStore } from './rate-limit.js';

const step = script<[granted: 0 | 1, usedUs: number]>(RATE_LIMIT_SCRIPT);

/** Counts in Redis, for all instances together and by its clock; rejects while it does not answer. */
export class RedisRateLimits implements RateLimitStore {
  /** @param prefix of every key, e.g. `rapport:production` */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly prefix: string,
  ) {}

  async take(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    const plan = planOf(limit);
    const [granted, used] = await this.step(policy, key, plan, plan.costUs);
    return allowanceOf(plan, granted === 1, used);
  }

  async peek(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    const plan = planOf(limit);
    const [, used] = await this.step(policy, key, plan, 0);
    return allowanceOf(plan, used + plan.costUs <= plan.limitUs, used);
  }

  async giveBack(policy: string, key: string, limit: RateLimit): Promise<void> {
    const plan = planOf(limit);
    await this.step(policy, key, plan, -plan.costUs);
  }

  async reset(policy: string, key: string): Promise<void> {
    await this.redis.del(this.keyOf(policy, key));
  }

  private step(policy: string, key: string, { limitUs }: Plan, costUs: number): Promise<[0 | 1, number]> {
    return step(this.redis, [this.keyOf(policy, key)], [limitUs, costUs]);
  }

  private keyOf(policy: string, key: string): string {
    return `${this.prefix}:limit:${policy}:${key}`;
  }
}
