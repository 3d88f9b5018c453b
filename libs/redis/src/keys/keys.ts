import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';
import type { DeleteByPatternOptions, KeyStore } from './key-store.js';
import { MemoryKeyStore } from './memory-key-store.js';
import { PendingChanges } from './pending-changes.js';
import { RedisKeyStore } from './redis-key-store.js';

/** Options of {@link Keys}. */
export interface KeysOptions {
  /** First part of every key, followed by a colon; nothing outside of it is ever read, written or deleted. */
  prefix: string;
  /** UTF-8 bytes of a value as JSON. @default 1_048_576 (1 MiB) */
  maxValueBytes?: number;
}

/** UTF-8 bytes. */
const MAX_KEY_BYTES = 1_024;
/** Before changes are taken to a Redis again that is said to be ready, but failed. */
const RETRY_MS = 1_000;

/**
 * Small values by key, shared by all instances, and deletion by pattern without KEYS or FLUSHDB. Without Redis they are
 * in this process. While Redis is away ({@link degraded}), changes are kept here, found here, and taken to Redis in the
 * end: what was deleted does not come back, and of two instances that changed a key the one that comes back last wins.
 *
 * @example
 * const keys = new Keys(connections, { prefix: 'rapport:production:drafts' });
 * await keys.set(`user:${userId}`, { text: 'Dear' }, { ttlMs: 60_000 });
 * await keys.deleteByPattern('user:*');
 */
export class Keys {
  private readonly log = new Logger('Redis');
  private readonly local = new MemoryKeyStore();
  private readonly pending = new PendingChanges(this.local);
  private readonly shared?: KeyStore;
  private readonly maxValueBytes: number;
  private readonly stopWatching: () => void;
  private flushing = false;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly connections: RedisConnections,
    { prefix, maxValueBytes = 1_048_576 }: KeysOptions,
  ) {
    this.maxValueBytes = maxValueBytes;
    if (connections.commands) this.shared = new RedisKeyStore(connections.commands, prefix);
    this.stopWatching = connections.onReady(() => this.flush());
  }

  /** Redis is configured, but changes are kept in this process. */
  get degraded(): boolean {
    return this.shared !== undefined && !this.inStep;
  }

  /** Undefined for a key that is not there; while Redis is away, also for one that was not changed since. */
  async get<T>(key: string): Promise<T | undefined> {
    checkKey(key);
    const text = await this.ask(
      (store) => store.get(key),
      () => this.local.get(key),
    );
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as T;
    } catch {
      this.log.warn(`The value of key "${key}" is not JSON; it counts as absent.`);
      return undefined;
    }
  }

  /**
   * @param value anything that JSON can say
   * @param options `ttlMs`: milliseconds to keep it; without it, it stays
   * @throws RangeError for a value that is too large, or a time that is none
   * @throws TypeError for a value that JSON cannot say
   */
  async set(key: string, value: unknown, { ttlMs }: { ttlMs?: number } = {}): Promise<void> {
    checkKey(key);
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`The value for key "${key}" cannot be said in JSON.`);
    const bytes = Buffer.byteLength(text);
    if (bytes > this.maxValueBytes)
      throw new RangeError(`The value for key "${key}" has ${bytes} bytes, more than ${this.maxValueBytes}.`);
    if (ttlMs !== undefined && !(ttlMs > 0))
      throw new RangeError(`The time to keep key "${key}" is ${ttlMs} ms; it has to be above 0.`);
    const wholeMs = ttlMs === undefined ? undefined : Math.ceil(ttlMs);
    await this.change(
      (store) => store.set(key, text, wholeMs),
      () => this.pending.noteKeys([key]),
    );
  }

  /** How many of them were there. */
  async delete(...keys: string[]): Promise<number> {
    keys.forEach(checkKey);
    return this.change(
      (store) => store.delete(keys),
      () => this.pending.noteKeys(keys),
    );
  }

  /**
   * Deletes the keys that match a glob (`*`, `?`, `[a-z]`, `\` escapes), a batch at a time. Keys that are written
   * meanwhile may stay. While Redis is away, this instance's own go at once and the others when it is back.
   *
   * @returns how many were deleted
   * @throws the signal's reason, when it was aborted
   */
  deleteByPattern(pattern: string, options: DeleteByPatternOptions = {}): Promise<number> {
    return this.change(
      (store) => store.deleteByPattern(pattern, options),
      () => this.pending.notePattern(pattern),
      options.signal,
    );
  }

  close(): void {
    this.closed = true;
    this.stopWatching();
    clearTimeout(this.retry);
  }

  private get inStep(): boolean {
    return this.connections.status() === 'ready' && this.pending.empty && !this.flushing;
  }

  private async ask<T>(
    question: (store: KeyStore) => Promise<T>,
    local: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (this.shared && this.inStep) {
      try {
        return await question(this.shared);
      } catch (error) {
        signal?.throwIfAborted();
        this.flushSoon(error);
      }
    }
    return local();
  }

  private change<T>(
    change: (store: KeyStore) => Promise<T>,
    note: () => void,
    signal?: AbortSignal,
  ): Promise<T> {
    const local = (): Promise<T> => {
      if (this.shared) note();
      return change(this.local);
    };
    return this.ask(change, local, signal);
  }

  /** Takes to Redis what was changed here; until that is done, changes go on being kept here. */
  private flush(): void {
    const { shared } = this;
    if (!shared || this.flushing || this.closed || this.connections.status() !== 'ready') return;
    this.flushing = true;
    this.pending
      .writeTo(shared)
      .then(() => {
        // What came in after the last look is still to be written, from here.
        if (this.pending.empty) this.local.clear();
      })
      .catch((error: unknown) => this.flushSoon(error))
      .finally(() => {
        this.flushing = false;
        if (!this.pending.empty) this.flushSoon();
      });
  }

  private flushSoon(error?: unknown): void {
    if (this.closed || this.retry || this.connections.status() !== 'ready') return;
    if (error)
      this.log.warn(`Keys are kept in this process: Redis did not answer (${(error as Error).message}).`);
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.flush();
    }, RETRY_MS).unref();
  }
}

function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES)
    throw new RangeError(`A key has 1 to ${MAX_KEY_BYTES} bytes, not ${bytes}.`);
}
