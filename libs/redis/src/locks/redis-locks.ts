import type { Cluster, Redis } from 'ioredis';
import { RELEASE_LOCK_SCRIPT } from '../lua/release-lock.lua.js';
import { RENEW_LOCK_SCRIPT } from '../lua/renew-lock.lua.js';
import { script } from '../lua/script.js';
import { TAKE_LOCK_SCRIPT } from '../lua/take-lock.lua.js';
import type { LockStore, LockTaking } from './lock.js';

const take = script<[taken: 1, fence: string] | [taken: 0, busyMs: number]>(TAKE_LOCK_SCRIPT);
const renew = script<0 | 1>(RENEW_LOCK_SCRIPT);
const release = script<0 | 1>(RELEASE_LOCK_SCRIPT);

/** Afterwards the server's clock is ahead of every fence that was given out, unless it was set back by more than this. */
const FENCE_KEPT_MS = 24 * 3_600_000;

/** Locks between all processes that share a Redis. */
export class RedisLocks implements LockStore {
  /** @param prefix of every key, e.g. `rapport:production` */
  constructor(
    private readonly redis: Redis | Cluster,
    private readonly prefix: string,
  ) {}

  async take(name: string, owner: string, leaseMs: number): Promise<LockTaking> {
    const answer = await take(this.redis, this.keys(name), [owner, leaseMs, FENCE_KEPT_MS + leaseMs]);
    return answer[0] === 1 ? { fence: Number(answer[1]) } : { busyMs: answer[1] };
  }

  async renew(name: string, owner: string, leaseMs: number): Promise<boolean> {
    return (await renew(this.redis, this.keys(name).slice(0, 1), [owner, leaseMs])) === 1;
  }

  async release(name: string, owner: string): Promise<boolean> {
    return (await release(this.redis, this.keys(name).slice(0, 1), [owner])) === 1;
  }

  /** Both in one slot of a Redis Cluster, whatever the name; braces in it would name another. */
  private keys(name: string): [lock: string, fence: string] {
    const tag = name.replace(/[{}%]/g, encodeURIComponent);
    return [`${this.prefix}:lock:{${tag}}`, `${this.prefix}:lock:{${tag}}:fence`];
  }
}
