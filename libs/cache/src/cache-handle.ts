import type { CacheEngine } from './cache-engine.js';
import { ABSENT } from './flight/load-batch.js';
import { inBatches, type BatchReport } from './move/in-batches.js';
import type { Region } from './region.js';

/** How many entries {@link CacheHandle.warm} and {@link CacheHandle.import} work on at a time. */
export interface BatchOptions<Item> {
  /** @default 16 for `warm`, 500 for `import` */
  batch?: number;
  /** Called after every batch. */
  onProgress?: (report: Readonly<BatchReport<Item>>) => void;
}

/**
 * One declared cache, from code. Arguments are those of its `key` function. Evicts answer `applied` when every tier
 * has dropped the entry, and `pending` when that happens later: after the commit, or when Redis can be reached.
 */
export class CacheHandle<Args extends readonly unknown[], Value> {
  /** @internal From `CacheService.for`. */
  constructor(
    private readonly engine: CacheEngine,
    private readonly region: Region,
  ) {}

  /** What is cached; undefined for a miss. A cached undefined looks the same: use {@link lookup} where that matters. */
  async get(args: Args): Promise<Value | undefined> {
    return (await this.engine.peek(this.region, args))?.value as Value | undefined;
  }

  /** What is cached, in a box; undefined for a miss. */
  async lookup(args: Args): Promise<{ value: Value } | undefined> {
    return (await this.engine.peek(this.region, args)) as { value: Value } | undefined;
  }

  /** What is cached, or what the loader returns, which is then stored. Frozen either way. */
  async getOrLoad(args: Args, loader: () => Promise<Value>): Promise<Value> {
    return (await this.engine.read(this.region, args, loader)) as Value;
  }

  /** As {@link getOrLoad}; and whether the value was cached, rather than loaded by this call or one that it joined. */
  async readThrough(args: Args, loader: () => Promise<Value>): Promise<{ value: Value; cached: boolean }> {
    let cached = true;
    const onLoaded = (): void => void (cached = false);
    const run = (): Promise<Value> => {
      cached = false;
      return loader();
    };
    const key = this.region.keyOf(args);
    const value = (await this.engine.readKey(this.region, args, key, { run, onLoaded })) as Value;
    return { value, cached };
  }

  /**
   * What is cached for each list of arguments, in their order; undefined for a miss. With a loader: called at most
   * once, with the lists that are missing; it answers in their order.
   */
  async getMany(
    argsList: readonly Args[],
    loader?: (missing: Args[]) => Promise<readonly (Value | undefined)[]>,
  ): Promise<(Value | undefined)[]> {
    if (!loader) return Promise.all(argsList.map((args) => this.get(args)));
    const values = await this.engine.readAll(this.region, argsList, async (positions) => {
      const loaded = await loader(positions.map((at) => argsList[at]!));
      const pairs = positions.map((at, index) => [at, loaded[index]] as const);
      return new Map(pairs.filter(([, value]) => value !== undefined));
    });
    return values.map((value) => (value === ABSENT ? undefined : (value as Value)));
  }

  /** Stores a value over whatever is there. Inside a transaction the entry is dropped after the commit instead. */
  put(args: Args, value: Value): Promise<'applied' | 'pending'> {
    return this.engine.writer.put(this.region, args, value);
  }

  evict(args: Args): Promise<'applied' | 'pending'> {
    return this.engine.evict(this.region, [args]);
  }

  evictMany(argsList: readonly Args[]): Promise<'applied' | 'pending'> {
    return this.engine.evict(this.region, argsList);
  }

  /**
   * Runs a write of what the entry shows, as `@CacheEvict` does: nobody fills the entry while it runs, it is dropped
   * when the write has ended, and if this process dies in between, nothing old stays.
   */
  evictAround<T>(args: Args, write: () => Promise<T>): Promise<T> {
    return this.engine.around(this.engine.evictionsOf(this.region, [args]), write);
  }

  /** Drops every entry with the tag: tags are shared by all caches. */
  evictTag(tag: string): Promise<'applied' | 'pending'> {
    return this.engine.writer.evict(this.engine.tagsOf([tag]));
  }

  /** Drops every entry of this cache, whatever their number, in one step. */
  clear(): Promise<'applied' | 'pending'> {
    return this.engine.writer.evict(this.engine.clearOf(this.region));
  }

  /** Loads what is not cached yet, before somebody asks: at a login, say. */
  warm(
    argsList: Iterable<Args> | AsyncIterable<Args>,
    loader: (...args: Args) => Promise<Value>,
    { batch = 16, onProgress }: BatchOptions<Args> = {},
  ): Promise<BatchReport<Args>> {
    return inBatches(argsList, batch, (args) => this.fillWith(args, () => loader(...args)), onProgress);
  }

  /**
   * Takes over what was kept elsewhere: a `Map`, or the entries of a JSON dump. What is cached already is newer, and
   * stays; an evict during the import is obeyed.
   *
   * @param argsOf - the cache's arguments from a key of the old store
   *
   * @example
   * const report = await cache.for(userProfile).import(oldMap, (id: string) => [id]);
   */
  import<Key>(
    entries: Iterable<readonly [Key, Value]> | AsyncIterable<readonly [Key, Value]>,
    argsOf: (key: Key) => Args,
    { batch = 500, onProgress }: BatchOptions<readonly [Key, Value]> = {},
  ): Promise<BatchReport<readonly [Key, Value]>> {
    return inBatches(
      entries,
      batch,
      ([key, value]) => this.fillWith(argsOf(key), async () => value),
      onProgress,
    );
  }

  /** Whether the loader was asked, and its value stored. */
  private async fillWith(args: Args, loader: () => Promise<Value>): Promise<boolean> {
    let stored = false;
    const onFilled = (): void => void (stored = true);
    await this.engine.readKey(this.region, args, this.region.keyOf(args), { run: loader, onFilled });
    return stored;
  }
}
