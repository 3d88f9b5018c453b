import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnections } from '../connections/redis-connections.js';
import { HeldLock } from './held-lock.js';
import { LockTimeout, LockUnavailable } from './lock.errors.js';
import type { Lock, LockOptions, LockStore } from './lock.js';
import { MemoryLocks } from './memory-locks.js';
import { RedisLocks } from './redis-locks.js';

/** Settings of {@link Locks}. */
export interface LocksOptions {
  /** First part of every key, e.g. `rapport:production`. */
  prefix: string;
}

const MAX_NAME_LENGTH = 512;
const LEASE_MS = { min: 50, max: 3_600_000 };
/** Pauses between two attempts, in ms; each is cut by up to a half at random. */
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 50;

/**
 * Locks with a lease, an owner and a fence.
 *
 * With a Redis configured they hold between all processes that share it, and are refused while it is away: nothing that
 * needs a lock ever runs without one. With no Redis configured they hold within this process, which is right for a
 * single one.
 *
 * A lock alone never guards a write for certain: Redis may forget it (FLUSHALL, a restart without its data, a failover
 * before it was replicated), and its holder may be paused in front of the write. The fence does: it rises from holder to
 * holder, also when Redis has lost everything, as it is at least the server's time in µs. What is left: a clock that is
 * set back while Redis also forgets the last fence, or the clock of a replica that takes over and is behind, gives out
 * lower fences until it has caught up; guarded writes are then refused.
 *
 * Waiting is by polling with jitter, at most 50 ms apart: nobody is served first, nobody is passed over for good.
 *
 * @example
 * const locks = new Locks(connections, { prefix: 'app:production' });
 * await locks.withLock(`thread-assign:${roomId}`, async ({ fence, signal }) => {
 *   const thread = await choose(message, signal);
 *   await sql`UPDATE messages SET thread = ${thread}, fence = ${fence} WHERE id = ${id} AND fence < ${fence}`;
 * }, { waitMs: 2_000 });
 */
export class Locks {
  private readonly store: LockStore;

  constructor(
    private readonly connections: RedisConnections,
    { prefix }: LocksOptions,
  ) {
    this.store = connections.commands ? new RedisLocks(connections.commands, prefix) : new MemoryLocks();
  }

  /** Whether locks are refused at present, because Redis is away. */
  get degraded(): boolean {
    return this.connections.mode !== 'none' && this.connections.status() !== 'ready';
  }

  /**
   * Takes the lock, and keeps it until it is released.
   * @throws {LockTimeout} when somebody else held it for all of `waitMs`
   * @throws {LockUnavailable} when Redis is away
   * @throws the reason of `signal`, once that is aborted
   */
  async acquire(name: string, { leaseMs = 5_000, waitMs = 0, signal }: LockOptions = {}): Promise<Lock> {
    if (!name || name.length > MAX_NAME_LENGTH)
      throw new RangeError(`A lock's name has 1 to ${MAX_NAME_LENGTH} characters.`);
    if (!Number.isInteger(leaseMs) || leaseMs < LEASE_MS.min || leaseMs > LEASE_MS.max)
      throw new RangeError(`A lease takes ${LEASE_MS.min} to ${LEASE_MS.max} ms, not ${leaseMs}.`);
    const deadline = performance.now() + waitMs;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      const taken = await this.attempt(name, leaseMs);
      if (taken instanceof HeldLock && !signal?.aborted) return taken;
      if (taken instanceof HeldLock) {
        await taken.release();
        continue;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new LockTimeout(name, waitMs);
      const ends = taken.busyMs < 0 ? LONGEST_PAUSE_MS : taken.busyMs + 1;
      const pause = Math.min(left, ends, pauseAfter(attempt));
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  /**
   * Runs `work` under the lock, which is given back however it ends. Work that goes on for long watches `lock.signal`.
   * @throws {LockLost} when `work` came to its end without the lock; the effects it had are there
   * @throws as {@link acquire}, without having run `work`
   */
  async withLock<T>(name: string, work: (lock: Lock) => Promise<T>, options?: LockOptions): Promise<T> {
    const lock = await this.acquire(name, options);
    try {
      const result = await work(lock);
      lock.assertHeld();
      return result;
    } finally {
      await lock.release();
    }
  }

  private async attempt(name: string, leaseMs: number): Promise<HeldLock | { busyMs: number }> {
    if (this.degraded) throw new LockUnavailable(name);
    const owner = randomBytes(16).toString('base64url');
    const askedAt = performance.now();
    try {
      const taking = await this.store.take(name, owner, leaseMs);
      if ('busyMs' in taking) return taking;
      const lock = new HeldLock(this.store, { name, fence: taking.fence, owner, leaseMs, askedAt });
      // An answer that was longer on its way than the lease is no lock.
      lock.assertHeld();
      return lock;
    } catch (cause) {
      // It may have been taken without our hearing of it.
      this.store.release(name, owner).catch(() => undefined);
      throw new LockUnavailable(name, { cause });
    }
  }
}

function pauseAfter(attempt: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** Math.min(attempt, 20));
  return longest * (0.5 + Math.random() / 2);
}
