import { CacheEngine } from '../cache-engine.js';
import { CacheHandle } from '../cache-handle.js';
import type { CacheModuleOptions, CacheTransactions } from '../cache.options.js';
import { defineCache, type AnyCache, type CacheDeclaration } from '../declare/cache-declaration.js';

/** A promise that a test settles when it wants to. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

export const handleOf = <Args extends readonly unknown[], Value>(
  engine: CacheEngine,
  cache: CacheDeclaration<Args, Value>,
): CacheHandle<Args, Value> => new CacheHandle(engine, engine.region(cache as unknown as AnyCache));

class TestTransaction implements CacheTransactions {
  private hooks?: (() => Promise<void>)[];
  private readonly rollbacks: (() => Promise<void>)[] = [];
  isActive = (): boolean => this.hooks !== undefined;
  afterCommit = (hook: () => Promise<void>): void => void this.hooks?.push(hook);
  begin(): void {
    this.hooks = [];
  }
  async commit(): Promise<void> {
    const hooks = this.hooks ?? [];
    this.hooks = undefined;
    for (const hook of hooks) await hook();
  }
  afterRollback = (hook: () => Promise<void>): void => void this.rollbacks.push(hook);
  async rollback(): Promise<void> {
    this.hooks = undefined;
    for (const hook of this.rollbacks.splice(0)) await hook();
  }
}

const byId = defineCache<[id: string], unknown>({
  name: 'item',
  key: (id) => [id],
  ttl: '1h',
  l1: { ttl: '10m' },
});
const remoteOnly = defineCache<[id: string], unknown>({
  name: 'remote',
  key: (id) => [id],
  ttl: '1h',
  l1: false,
});
const tagged = defineCache<[id: string], string>({
  name: 'tagged',
  key: (id) => [id],
  ttl: '1h',
  tags: (id) => [`even:${Number(id) % 2 === 0}`, 'all of them'],
});

/** What every kind of tier promises. TTLs are longer than the test, so that freshness proves eviction. */
export function describeCacheContract(
  tier: string,
  engineOptions: () => Promise<CacheModuleOptions> | CacheModuleOptions,
): void {
  describe(`the cache over ${tier}`, () => {
    const transaction = new TestTransaction();
    let engine: CacheEngine;

    beforeEach(async () => {
      engine = new CacheEngine({ deadlineMs: 1_000, ...(await engineOptions()), transaction });
      await engine.start();
    });

    afterEach(() => engine.stop());

    for (const cache of [byId, remoteOnly]) {
      describe(cache.name === 'item' ? 'with L1' : 'without L1', () => {
        it('loads once and answers the rest from the cache', async () => {
          const items = handleOf(engine, cache);
          const load = jest.fn(async () => ({ name: 'Ada' }));
          expect(await items.getOrLoad(['a'], load)).toEqual({ name: 'Ada' });
          expect(await items.getOrLoad(['a'], load)).toEqual({ name: 'Ada' });
          expect(await items.get(['a'])).toEqual({ name: 'Ada' });
          expect(load).toHaveBeenCalledTimes(1);
        });

        it.each([[null], [undefined], [0], [''], [false]])('keeps %p apart from a miss', async (value) => {
          const items = handleOf(engine, cache);
          const load = jest.fn(async () => value);
          expect(await items.lookup(['v'])).toBeUndefined();
          await items.getOrLoad(['v'], load);
          expect(await items.getOrLoad(['v'], load)).toBe(value);
          expect(await items.lookup(['v'])).toEqual({ value });
          expect(load).toHaveBeenCalledTimes(1);
        });

        it('never stores what a load that began before an evict returns', async () => {
          const items = handleOf(engine, cache);
          const slow = gate<string>();
          const early = items.getOrLoad(['a'], () => slow.opened);
          await untilLoading(engine, cache);
          expect(await items.evict(['a'])).toBe('applied');
          slow.open('old');
          expect(await early).toBe('old');
          expect(await items.getOrLoad(['a'], async () => 'new')).toBe('new');
          expect(await items.get(['a'])).toBe('new');
        });

        it('does not let a read after an evict join the load from before it', async () => {
          const items = handleOf(engine, cache);
          const slow = gate<string>();
          const early = items.getOrLoad(['a'], () => slow.opened);
          await untilLoading(engine, cache);
          await items.evict(['a']);
          expect(await items.getOrLoad(['a'], async () => 'new')).toBe('new');
          slow.open('old');
          await early;
          expect(await items.get(['a'])).toBe('new');
        });

        it('clears every entry at once, and refuses the loads of before', async () => {
          const items = handleOf(engine, cache);
          for (const id of ['a', 'b']) await items.getOrLoad([id], async () => 'old');
          const slow = gate<string>();
          const early = items.getOrLoad(['c'], () => slow.opened);
          await untilLoading(engine, cache);
          expect(await items.clear()).toBe('applied');
          slow.open('old');
          await early;
          for (const id of ['a', 'b', 'c'])
            expect(await items.getOrLoad([id], async () => 'new')).toBe('new');
          for (const id of ['a', 'b', 'c']) expect(await items.get([id])).toBe('new');
        });

        it('stores what is put, over whatever is loading', async () => {
          const items = handleOf(engine, cache);
          const slow = gate<string>();
          const early = items.getOrLoad(['a'], () => slow.opened);
          await untilLoading(engine, cache);
          expect(await items.put(['a'], 'put')).toBe('applied');
          slow.open('old');
          await early;
          expect(await items.get(['a'])).toBe('put');
        });
      });
    }

    it('runs one load for a thousand concurrent reads', async () => {
      const items = handleOf(engine, byId);
      const slow = gate<object>();
      const load = jest.fn(() => slow.opened);
      const reads = Array.from({ length: 1_000 }, () => items.getOrLoad(['hot'], load));
      slow.open({ answer: 42 });
      const values = await Promise.all(reads);
      expect(load).toHaveBeenCalledTimes(1);
      expect(new Set(values).size).toBe(1);
    });

    it('fails every waiting read with the error of the loader, and asks it again afterwards', async () => {
      const items = handleOf(engine, byId);
      const load = jest.fn(async () => {
        throw new Error('source is down');
      });
      const reads = await Promise.allSettled([items.getOrLoad(['x'], load), items.getOrLoad(['x'], load)]);
      expect(reads.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(load).toHaveBeenCalledTimes(1);
      expect(await items.getOrLoad(['x'], async () => 'back')).toBe('back');
    });

    it('does not wait for itself when a loader reads its own key', async () => {
      const items = handleOf(engine, byId);
      const value = await items.getOrLoad(['a'], async () => items.getOrLoad(['a'], async () => 'inner'));
      expect(value).toBe('inner');
    });

    it('drops the entries of a tag and no others, also while they load', async () => {
      const items = handleOf(engine, tagged);
      for (const id of ['1', '2', '3']) await items.getOrLoad([id], async () => 'old');
      const slow = gate<string>();
      const early = items.getOrLoad(['4'], () => slow.opened);
      await untilLoading(engine, tagged);
      expect(await items.evictTag('even:true')).toBe('applied');
      slow.open('old');
      await early;
      const values = ['1', '2', '3', '4'].map((id) => items.getOrLoad([id], async () => 'new'));
      expect(await Promise.all(values)).toEqual(['old', 'new', 'old', 'new']);
      expect(await items.get(['2'])).toBe('new');
      expect(await items.get(['4'])).toBe('new');
    });

    it('treats an entry of another version of the cache as a miss, and replaces it', async () => {
      const options = { name: 'versioned', key: (id: string) => [id], ttl: '1h', l1: false } as const;
      const first = defineCache<[id: string], string>(options);
      const second = defineCache<[id: string], string>({ ...options, version: 2 });
      await handleOf(engine, first).getOrLoad(['a'], async () => 'first');
      const other = new CacheEngine({ deadlineMs: 1_000, ...(await engineOptions()) });
      await other.start();
      expect(await handleOf(other, second).getOrLoad(['a'], async () => 'second')).toBe('second');
      expect(await handleOf(other, second).get(['a'])).toBe('second');
      other.stop();
    });

    it('never serves the entry of a cache whose name and parts spell the same key', async () => {
      const inner = defineCache<[a: string, b: string], string>({ name: 'conversation', l1: {} });
      const nested = defineCache<[b: string], string>({ name: 'conversation:meta', l1: {} });
      await handleOf(engine, inner).getOrLoad(['meta', 'x'], async () => 'conversation');
      expect(await handleOf(engine, nested).get(['x'])).toBeUndefined();
      expect(await handleOf(engine, nested).getOrLoad(['x'], async () => 'meta')).toBe('meta');
      expect(await handleOf(engine, inner).getOrLoad(['meta', 'x'], async () => 'conversation')).toBe(
        'conversation',
      );
    });

    it('asks the loader of many once, for the missing only', async () => {
      const items = handleOf(engine, byId);
      await items.getOrLoad(['b'], async () => 'B');
      const load = jest.fn(async (missing: [string][]) =>
        missing.map(([id]) => (id === 'z' ? undefined : id.toUpperCase())),
      );
      const lists: [string][] = [['a'], ['b'], ['z'], ['c'], ['a']];
      expect(await items.getMany(lists, load)).toEqual(['A', 'B', undefined, 'C', 'A']);
      expect(load).toHaveBeenCalledTimes(1);
      expect(load).toHaveBeenCalledWith([['a'], ['z'], ['c']]);
      expect(await items.getMany(lists, load)).toEqual(['A', 'B', undefined, 'C', 'A']);
      expect(load).toHaveBeenLastCalledWith([['z']]);
    });

    it('loads many through a loader that reads the same cache one by one', async () => {
      const items = handleOf(engine, byId);
      const one = (id: string): Promise<unknown> => items.getOrLoad([id], async () => id.toUpperCase());
      const values = await items.getMany([['a'], ['b']], (missing) =>
        Promise.all(missing.map(([id]) => one(id))),
      );
      expect(values).toEqual(['A', 'B']);
    });

    it('returns equal values from a load, from L1 and from the tier behind it', async () => {
      const value = {
        at: new Date('2026-01-02T03:04:05.678Z'),
        map: new Map<unknown, unknown>([[1, new Set(['x'])]]),
        big: 12n,
        bytes: Buffer.from([0, 255]),
        iso: '2026-01-02T03:04:05.678Z',
        none: undefined,
        numbers: [Number.NaN, Infinity, -Infinity, -0, 0],
      };
      for (const cache of [byId, remoteOnly]) {
        const items = handleOf(engine, cache);
        const loaded = await items.getOrLoad(['v'], async () => value);
        const hit = await items.getOrLoad(['v'], async () => 'not asked');
        expect(loaded).toStrictEqual(value);
        expect(hit).toStrictEqual(value);
        expect(loaded).not.toBe(value);
      }
    });

    it('gives every caller bytes of its own, because bytes cannot be frozen', async () => {
      const items = handleOf(engine, byId);
      const first = (await items.getOrLoad(['v'], async () => Buffer.from('abc'))) as Buffer;
      first[0] = 0;
      expect(String(await items.get(['v']))).toBe('abc');
    });

    it('refuses what cannot be stored, naming the cache and the place', async () => {
      const items = handleOf(engine, byId);
      const load = items.getOrLoad(['v'], async () => ({ list: [{ url: new URL('http://localhost') }] }));
      await expect(load).rejects.toThrow(/cache "item": the value at list\[0\]\.url is an instance of URL/);
    });

    it('bypasses reads in a transaction and evicts after its commit', async () => {
      const items = handleOf(engine, byId);
      await items.getOrLoad(['a'], async () => 'old');
      transaction.begin();
      expect(await items.getOrLoad(['a'], async () => 'uncommitted')).toBe('uncommitted');
      expect(await items.getOrLoad(['b'], async () => 'uncommitted')).toBe('uncommitted');
      expect(await items.evict(['a'])).toBe('pending');
      expect(await items.put(['c'], 'uncommitted')).toBe('pending');
      await transaction.commit();
      expect(await items.getOrLoad(['a'], async () => 'new')).toBe('new');
      expect(await items.get(['b'])).toBeUndefined();
      expect(await items.get(['c'])).toBeUndefined();
    });

    it('caches again after a transaction that rolled back', async () => {
      const items = handleOf(engine, byId);
      await items.getOrLoad(['a'], async () => 'old');
      transaction.begin();
      await items.evict(['a']);
      await transaction.rollback();
      expect(await items.getOrLoad(['a'], async () => 'loaded again')).toBe('loaded again');
      expect(await items.get(['a'])).toBe('loaded again');
    });

    it('stores nothing when two writes of the same entry overlap', async () => {
      const items = handleOf(engine, byId);
      const region = engine.region(byId);
      const first = await engine.writer.announcePut(region, ['a']);
      const second = await engine.writer.announcePut(region, ['a']);
      await second.done('second');
      await first.done('first');
      expect(await items.get(['a'])).toBeUndefined();
      const alone = await engine.writer.announcePut(region, ['a']);
      await alone.done('alone');
      expect(await items.get(['a'])).toBe('alone');
    });

    describe.each([
      ['an entry', () => engine.evictionsOf(engine.region(tagged), [['1']])],
      ['all of a cache', () => engine.clearOf(engine.region(tagged))],
      ['a tag', () => engine.tagsOf(['all of them'])],
    ])('a write that makes %s untrue', (_what, evictions) => {
      it('lets nobody fill while it runs, whenever the load began', async () => {
        const items = handleOf(engine, tagged);
        await items.getOrLoad(['1'], async () => 'old');
        const before = gate<string>();
        const early = items.getOrLoad(['1b'], () => before.opened);
        await engine.around(evictions(), async () => {
          expect(await items.getOrLoad(['1'], async () => 'uncommitted')).toBe('uncommitted');
          expect(await items.get(['1'])).toBeUndefined();
        });
        before.open('old');
        await early;
        expect(await items.get(['1'])).toBeUndefined();
        expect(await items.getOrLoad(['1'], async () => 'new')).toBe('new');
        expect(await items.get(['1'])).toBe('new');
      });

      it('drops it also when it fails, because it may have committed', async () => {
        const items = handleOf(engine, tagged);
        await items.getOrLoad(['1'], async () => 'old');
        const failing = engine.around(evictions(), async () => {
          throw new Error('after the commit');
        });
        await expect(failing).rejects.toThrow('after the commit');
        expect(await items.getOrLoad(['1'], async () => 'new')).toBe('new');
        expect(await items.get(['1'])).toBe('new');
      });

      it('waits for every other such write', async () => {
        const items = handleOf(engine, tagged);
        const [one, other] = [
          await engine.writer.announce(evictions()),
          await engine.writer.announce(evictions()),
        ];
        await one.done(undefined);
        await items.getOrLoad(['1'], async () => 'before the other commit');
        expect(await items.get(['1'])).toBeUndefined();
        await other.done(undefined);
        await items.getOrLoad(['1'], async () => 'new');
        expect(await items.get(['1'])).toBe('new');
      });
    });

    it('drops entries by the text of their keys, and by how it begins, and no others', async () => {
      const items = handleOf(engine, byId);
      const tags = handleOf(engine, tagged);
      for (const id of ['a', 'ab', 'b*', 'c']) await items.getOrLoad([id], async () => 'old');
      await tags.getOrLoad(['a'], async () => 'old');
      expect(await engine.evictKeys(['item:c', 'unknown:x'])).toBe('applied');
      expect(await engine.evictPrefix('item:a')).toEqual({ outcome: 'applied', evicted: 2 });
      expect(await engine.evictPrefix('item:*')).toEqual({ outcome: 'applied', evicted: 0 });
      const left = await items.getMany([['a'], ['ab'], ['b*'], ['c']]);
      expect(left).toEqual([undefined, undefined, 'old', undefined]);
      expect(await tags.get(['a'])).toBe('old');
      await expect(engine.evictPrefix('')).rejects.toThrow('An empty prefix means every entry');
    });

    it('counts what happened', async () => {
      const items = handleOf(engine, byId);
      await items.getOrLoad(['a'], async () => 1);
      await items.getOrLoad(['a'], async () => 1);
      await items.evict(['a']);
      const { caches } = engine.stats();
      const stats = caches.find(({ name }) => name === 'item');
      expect(stats).toMatchObject({
        hits: 1,
        misses: 1,
        errors: 0,
        evictions: 1,
        hitRate: 0.5,
        keys: 0,
        fills: 1,
      });
    });
  });
}

/** Until the loader of the cache has been called: it holds its lease then. */
async function untilLoading(engine: CacheEngine, cache: { name: string }): Promise<void> {
  const loading = (): boolean =>
    engine.region(cache as AnyCache).counters.loads > engine.region(cache as AnyCache).counters.fills;
  while (!loading()) await new Promise((resolve) => setImmediate(resolve));
}
