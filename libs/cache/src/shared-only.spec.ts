import { CacheEngine } from './cache-engine.js';
import { CacheHandle } from './cache-handle.js';
import { defineCache } from './declare/cache-declaration.js';

const shared = defineCache<[id: string], number>({ name: 'shared', ttl: '1h', l1: false, sharedOnly: true });

describe('a cache that is kept only where processes share it, without Redis', () => {
  const engine = new CacheEngine({});
  const cache = new CacheHandle<[string], number>(engine, engine.region(shared));
  let loads = 0;
  const load = async (): Promise<number> => ++loads;
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('asks the loader at every read', async () => {
    const first = await cache.getOrLoad(['a'], load);
    expect(await cache.getOrLoad(['a'], load)).toBe(first + 1);
  });

  it('has nothing, not even what was put or warmed', async () => {
    await cache.put(['a'], 7);
    await cache.warm([['a']], load);
    expect(await cache.lookup(['a'])).toBeUndefined();
    expect(await cache.getMany([['a'], ['b']], async (missing) => missing.map(([id]) => id.length))).toEqual([
      1, 1,
    ]);
  });
});
