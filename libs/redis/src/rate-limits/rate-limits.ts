import { randomUUID } from 'node:crypto';
import type { RedisConnections } from '../connections/redis-connections.js';
import { within } from './answer-deadline.js';
import { MemoryRateLimits } from './memory-rate-limits.js';
import type { Allowance, RateLimit, RateLimitStore } from './rate-limit.js';
import { RedisRateLimits } from './redis-rate-limits.js';

/** Settings of {@link RateLimits}. */
export interface RateLimitsOptions {
  /** First part of every key, e.g. `rapport:production`. */
  prefix: string;
  /** Milliseconds that Redis may take for an answer before this process counts for itself. @default 50 */
  deadlineMs?: number;
  /** Keys that this process counts while Redis is away; see {@link MemoryRateLimits}. @default 50000 */
  maxLocalKeys?: number;
}

/** Milliseconds between two attempts to count in Redis again after it failed to. */
const PROBE_MS = 200;
const PROBE_LIMIT: RateLimit = { quota: 1_000, windowMs: 1_000 };

/**
 * Rate limits that hold for all instances together, and go on holding when Redis is away.
 *
 * Counts in Redis while that answers in time, and in this process otherwise: nothing is ever unlimited, and nobody waits
 * longer than the deadline. What `n` instances allow while each counts for itself is at most `n` times the limit; what
 * they counted is not added to Redis later, and what Redis had counted before is still there when it returns (unless it
 * lost its data).
 *
 * @example
 * const limits = new RateLimits(connections, { prefix: 'app:production' });
 * const { allowed, retryAfterMs } = await limits.take('burst', userId, { quota: 60, windowMs: 60_000 });
 */
export class RateLimits implements RateLimitStore {
  private readonly local: MemoryRateLimits;
  private readonly shared?: RedisRateLimits;
  private readonly deadlineMs: number;
  /** Until the next attempt with a Redis that failed; one at a time. */
  private probing: NodeJS.Timeout | undefined;
  private trusted = true;
  private closed = false;

  constructor(
    private readonly connections: RedisConnections,
    { prefix, deadlineMs = 50, maxLocalKeys }: RateLimitsOptions,
  ) {
    this.deadlineMs = deadlineMs;
    this.local = new MemoryRateLimits({ maxKeys: maxLocalKeys });
    if (connections.commands) this.shared = new RedisRateLimits(connections.commands, prefix);
  }

  /** Whether this process counts for itself although there is a Redis. */
  get degraded(): boolean {
    return this.shared !== undefined && !(this.trusted && this.connections.status() === 'ready');
  }

  take(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    return this.ask((store) => store.take(policy, key, limit));
  }

  peek(policy: string, key: string, limit: RateLimit): Promise<Allowance> {
    return this.ask((store) => store.peek(policy, key, limit));
  }

  /** To where it was taken from: as long as this process has counted something for the key, that becomes less. */
  giveBack(policy: string, key: string, limit: RateLimit): Promise<void> {
    if (this.local.holds(policy, key)) return this.local.giveBack(policy, key, limit);
    return this.ask((store) => store.giveBack(policy, key, limit));
  }

  async reset(policy: string, key: string): Promise<void> {
    await this.local.reset(policy, key);
    await this.ask((store) => store.reset(policy, key));
  }

  /** Asks Redis no more by itself. Counting goes on. */
  close(): void {
    this.closed = true;
    clearTimeout(this.probing);
  }

  private async ask<T>(question: (store: RateLimitStore) => Promise<T>): Promise<T> {
    if (!this.shared || this.degraded) return question(this.local);
    try {
      return await within(question(this.shared), this.deadlineMs);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.doubt();
      return question(this.local);
    }
  }

  /** Not asked again by callers, who would all wait for nothing, before one attempt of our own was answered. */
  private doubt(): void {
    if (!this.trusted || this.closed) return;
    this.trusted = false;
    this.probeLater();
  }

  private probeLater(): void {
    if (this.closed) return;
    this.probing = setTimeout(() => void this.probe(), PROBE_MS);
    this.probing.unref();
  }

  /** Counts something, for a server may answer and yet write nothing (full, read-only). Never throws. */
  private async probe(): Promise<void> {
    try {
      if (this.connections.status() !== 'ready' || !this.shared) throw new Error('Redis is away');
      await within(this.shared.take('probe', randomUUID(), PROBE_LIMIT), this.deadlineMs);
      this.trusted = true;
    } catch {
      this.probeLater();
    }
  }
}
