import { setImmediate as nextTurn } from 'node:timers/promises';
import { globMatcher } from './glob.js';
import type { DeleteByPatternOptions, KeyStore } from './key-store.js';

interface Entry {
  text: string;
  endsAt: number;
}

/** Bounds of a {@link MemoryKeyStore}. */
export interface MemoryKeyStoreOptions {
  /** @default 100_000 */
  maxKeys?: number;
  /** UTF-16 units of keys and values together. @default 64 Mi */
  maxLength?: number;
  /** Milliseconds; only differences count. */
  now?: () => number;
}

/** The same in one process. Bounded: beyond that the keys go that were not used for longest. */
export class MemoryKeyStore implements KeyStore {
  /** In order of last use: a Map keeps the order of insertion. */
  private readonly entries = new Map<string, Entry>();
  private readonly maxKeys: number;
  private readonly maxLength: number;
  private readonly now: () => number;
  private length = 0;

  constructor({ maxKeys = 100_000, maxLength = 64 * 2 ** 20, now = Date.now }: MemoryKeyStoreOptions = {}) {
    this.maxKeys = maxKeys;
    this.maxLength = maxLength;
    this.now = now;
  }

  get(key: string): Promise<string | undefined> {
    const entry = this.find(key);
    if (entry) {
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return Promise.resolve(entry?.text);
  }

  set(key: string, text: string, ttlMs = Infinity): Promise<void> {
    this.forget(key);
    this.entries.set(key, { text, endsAt: this.now() + ttlMs });
    this.length += key.length + text.length;
    for (const [oldest] of this.entries) {
      if (this.entries.size <= this.maxKeys && this.length <= this.maxLength) break;
      this.forget(oldest);
    }
    return Promise.resolve();
  }

  delete(keys: readonly string[]): Promise<number> {
    return Promise.resolve(keys.filter((key) => this.find(key) && this.forget(key)).length);
  }

  async deleteByPattern(pattern: string, options: DeleteByPatternOptions = {}): Promise<number> {
    const { signal, onProgress, batchSize = 500 } = options;
    const matches = globMatcher(pattern);
    const keys = [...this.entries.keys()];
    let deleted = 0;
    for (let at = 0; at < keys.length; at += batchSize) {
      // Others get their turn between two batches, as they do with a server.
      if (at > 0) await nextTurn();
      signal?.throwIfAborted();
      const found = await this.delete(keys.slice(at, at + batchSize).filter(matches));
      deleted += found;
      if (found > 0) onProgress?.(deleted);
    }
    return deleted;
  }

  /** What is left of a value's time; undefined when there is no such value. */
  remaining(key: string): { text: string; ttlMs: number | undefined } | undefined {
    const entry = this.find(key);
    if (!entry) return undefined;
    const { text, endsAt } = entry;
    return { text, ttlMs: endsAt === Infinity ? undefined : Math.max(1, Math.ceil(endsAt - this.now())) };
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
    this.length = 0;
  }

  private find(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (!entry || entry.endsAt > this.now()) return entry;
    this.forget(key);
    return undefined;
  }

  private forget(key: string): boolean {
    const entry = this.entries.get(key);
    if (!entry) return false;
    this.length -= key.length + entry.text.length;
    return this.entries.delete(key);
  }
}
