import type { CacheHandle } from '../cache-handle.js';

/** What values were kept in before: a `Map`, or anything with such a `get`. */
export interface LegacySource<Key, Value> {
  get(key: Key): Value | undefined | Promise<Value | undefined>;
}

/** Where the reads of a {@link DualRead} found their values so far. */
export interface DualReadCounts {
  cache: number;
  legacy: number;
  loader: number;
}

/**
 * For moving from an older store while the service runs: a read asks the cache, then the old store (and caches what it
 * finds), then the loader. When `counts.legacy` stays at 0, the old store can go.
 *
 * @example
 * const profiles = new DualRead(cache.for(userProfile), oldMap, (id) => [id]);
 * const profile = await profiles.get('u1', () => repository.find('u1'));
 */
export class DualRead<Key, Args extends readonly unknown[], Value> {
  readonly counts: DualReadCounts = { cache: 0, legacy: 0, loader: 0 };

  constructor(
    private readonly cache: CacheHandle<Args, Value>,
    private readonly legacy: LegacySource<Key, Value>,
    private readonly argsOf: (key: Key) => Args,
  ) {}

  /** The value, or undefined when neither has it and there is no loader. */
  async get(key: Key): Promise<Value | undefined>;
  async get(key: Key, loader: () => Promise<Value>): Promise<Value>;
  async get(key: Key, loader?: () => Promise<Value>): Promise<Value | undefined> {
    const args = this.argsOf(key);
    let source: keyof DualReadCounts = 'cache';
    const [value] = await this.cache.getMany([args], async () => {
      const old = await this.legacy.get(key);
      if (old !== undefined || !loader) {
        if (old !== undefined) source = 'legacy';
        return [old];
      }
      source = 'loader';
      return [await loader()];
    });
    if (value !== undefined || source !== 'cache') this.counts[source]++;
    return value;
  }
}
