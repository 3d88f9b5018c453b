import { inBatches } from '../fallback/in-batches.js';
import type { KeyStore } from './key-store.js';
import type { MemoryKeyStore } from './memory-key-store.js';

const MAX_KEYS = 100_000;
const MAX_PATTERNS = 1_000;
/** Keys written in one round trip. */
const BATCH = 500;

/** Keys and patterns that were changed in this process while Redis was away; the values are in the store given. */
export class PendingChanges {
  private readonly keys = new Set<string>();
  private readonly patterns = new Set<string>();

  constructor(private readonly local: MemoryKeyStore) {}

  get empty(): boolean {
    return this.keys.size === 0 && this.patterns.size === 0;
  }

  /** @throws RangeError when too many wait already: one that was forgotten would bring back what was deleted */
  noteKeys(keys: readonly string[]): void {
    if (this.keys.size + keys.length > MAX_KEYS) throw tooMany('keys', MAX_KEYS);
    for (const key of keys) this.keys.add(key);
  }

  /** @throws RangeError when too many wait already */
  notePattern(pattern: string): void {
    if (this.patterns.size >= MAX_PATTERNS) throw tooMany('patterns', MAX_PATTERNS);
    this.patterns.add(pattern);
  }

  /**
   * Patterns first: a key that was set after one was deleted by it here already, if it was there before. Goes on until
   * nothing is left that came in meanwhile; what could not be written stays.
   */
  async writeTo(shared: KeyStore): Promise<void> {
    while (!this.empty) {
      const [pattern] = this.patterns;
      if (pattern === undefined) await this.writeKeys(shared, [...this.keys].slice(0, BATCH));
      else await this.deletePattern(shared, pattern);
    }
  }

  private async deletePattern(shared: KeyStore, pattern: string): Promise<void> {
    this.patterns.delete(pattern);
    try {
      await shared.deleteByPattern(pattern);
    } catch (error) {
      this.patterns.add(pattern);
      throw error;
    }
  }

  private async writeKeys(shared: KeyStore, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.keys.delete(key);
    try {
      await inBatches(keys, BATCH, async (key): Promise<unknown> => {
        const value = this.local.remaining(key);
        return value ? shared.set(key, value.text, value.ttlMs) : shared.delete([key]);
      });
    } catch (error) {
      for (const key of keys) this.keys.add(key);
      throw error;
    }
  }
}

const tooMany = (what: string, most: number): RangeError =>
  new RangeError(`Redis is away, and ${most} changed ${what} wait for it already.`);
