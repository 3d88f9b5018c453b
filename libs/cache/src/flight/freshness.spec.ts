import { CacheEngine } from '../cache-engine.js';
import type { CacheHandle } from '../cache-handle.js';
import { CacheTimeoutError } from '../cache.errors.js';
import { defineCache, type CacheOptions } from '../declare/cache-declaration.js';
import { Freshness } from '../declare/freshness.js';
import { memoryBackend } from '../memory-backend.js';
import { gate, handleOf } from '../testing/cache.contract.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { notModified, previousValue } from './load.js';

type Items = CacheHandle<[id: string], unknown>;

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
/** Lets everything run that waits for nothing but other promises. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('freshness', () => {
  let clock: VirtualClock;
  let engine: CacheEngine;
  const engines: CacheEngine[] = [];

  const cacheOf = (options: Partial<CacheOptions<[id: string]>>, ttlJitter?: number): Items => {
    const cache = defineCache<[id: string], unknown>({
      name: 'item',
      key: (id) => [id],
      ttl: '10s',
      l1: { ttl: '1s' },
      ...options,
    });
    engine = new CacheEngine({ backend: memoryBackend(1_000, clock), ttlJitter, logger: silent });
    engines.push(engine);
    return handleOf(engine, cache);
  };
  const seconds = async (count: number): Promise<void> => {
    clock.advance(count * 1_000);
    await settle();
  };
  let loads = 0;
  const next = async (): Promise<number> => ++loads;
  const failing = async (): Promise<never> => {
    loads++;
    throw new Error('source is down');
  };

  beforeEach(() => {
    clock = new VirtualClock();
    loads = 0;
  });

  afterAll(() => {
    for (const each of engines) each.stop();
  });

  it('ends with the ttl', async () => {
    const items = cacheOf({});
    await items.getOrLoad(['a'], next);
    await seconds(9.9);
    expect(await items.getOrLoad(['a'], next)).toBe(1);
    await seconds(0.2);
    expect(await items.getOrLoad(['a'], next)).toBe(2);
  });

  it('lasts beyond the 24.8 days that a timer can count', async () => {
    const items = cacheOf({ ttl: '60d', l1: { ttl: '40d' } });
    await items.getOrLoad(['a'], next);
    await seconds(39 * 86_400);
    expect(await items.getOrLoad(['a'], next)).toBe(1);
    await seconds(20 * 86_400);
    expect(await items.getOrLoad(['a'], next)).toBe(1);
    await seconds(2 * 86_400);
    expect(await items.getOrLoad(['a'], next)).toBe(2);
  });

  describe('stale-while-revalidate', () => {
    it('answers with the old value at once and refreshes it once in the background', async () => {
      const items = cacheOf({ stale: '1m' });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      const slow = gate<string>();
      const refresh = jest.fn(() => slow.opened);
      expect(await items.getOrLoad(['a'], refresh)).toBe(1);
      expect(await items.getOrLoad(['a'], refresh)).toBe(1);
      await settle();
      expect(refresh).toHaveBeenCalledTimes(1);
      slow.open('refreshed');
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe('refreshed');
    });

    it('ends after its time', async () => {
      const items = cacheOf({ stale: '1m' });
      await items.getOrLoad(['a'], next);
      await seconds(71);
      expect(await items.getOrLoad(['a'], next)).toBe(2);
    });

    it('does not outlive an evict, nor does the refresh that was under way', async () => {
      const items = cacheOf({ stale: '1m' });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      const slow = gate<string>();
      await items.getOrLoad(['a'], () => slow.opened);
      await items.evict(['a']);
      expect(await items.getOrLoad(['a'], async () => 'new')).toBe('new');
      slow.open('from before the evict');
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe('new');
    });

    it('keeps the old value, and no unhandled rejection, when the refresh fails', async () => {
      const items = cacheOf({ stale: '1m' });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      expect(await items.getOrLoad(['a'], failing)).toBe(1);
      await settle();
      expect(engine.stats().caches[0]).toMatchObject({ loadErrors: 1, refreshes: 1, staleHits: 1 });
      expect(await items.getOrLoad(['a'], next)).toBe(1);
    });
  });

  describe('fail-safe', () => {
    it('answers with the old value when the loader fails, and leaves the loader alone for a while', async () => {
      const items = cacheOf({ failSafe: { for: '1h', pause: '30s' } });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      expect(await items.getOrLoad(['a'], failing)).toBe(1);
      for (let read = 0; read < 5; read++) expect(await items.getOrLoad(['a'], failing)).toBe(1);
      expect(loads).toBe(2);
      await seconds(31);
      expect(await items.getOrLoad(['a'], async () => 'back')).toBe('back');
    });

    it('ends after its time, however often it helped', async () => {
      const items = cacheOf({ failSafe: { for: '1m', pause: '30s' } });
      await items.getOrLoad(['a'], next);
      for (let passed = 11; passed < 70; passed += 31) {
        await seconds(31);
        expect(await items.getOrLoad(['a'], failing)).toBe(1);
      }
      await seconds(31);
      await expect(items.getOrLoad(['a'], failing)).rejects.toThrow('source is down');
    });

    it('is no answer after an evict', async () => {
      const items = cacheOf({ failSafe: '1h' });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      await items.evict(['a']);
      await expect(items.getOrLoad(['a'], failing)).rejects.toThrow('source is down');
    });

    it('is no answer when the evict comes while the loader is failing', async () => {
      const items = cacheOf({ failSafe: '1h' });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      const slow = gate();
      const read = items.getOrLoad(['a'], async () => {
        await slow.opened;
        throw new Error('source is down');
      });
      await settle();
      await items.evict(['a']);
      slow.open();
      await expect(read).rejects.toThrow('source is down');
    });
  });

  describe('timeouts', () => {
    it('soft: answers with the old value; the late load fills', async () => {
      const items = cacheOf({ failSafe: '1h', timeout: { soft: '100ms' } });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      const slow = gate<string>();
      const read = items.getOrLoad(['a'], () => slow.opened);
      await settle();
      await seconds(0.1);
      expect(await read).toBe(1);
      slow.open('late');
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe('late');
    });

    it('soft: waits on where there is no old value', async () => {
      const items = cacheOf({ failSafe: '1h', timeout: { soft: '100ms' } });
      const slow = gate<string>();
      const read = items.getOrLoad(['a'], () => slow.opened);
      await settle();
      await seconds(5);
      slow.open('first');
      expect(await read).toBe('first');
    });

    it('soft: an old value that was evicted meanwhile is no answer', async () => {
      const items = cacheOf({ failSafe: '1h', timeout: { soft: '100ms' } });
      await items.getOrLoad(['a'], next);
      await seconds(11);
      const slow = gate<string>();
      const read = items.getOrLoad(['a'], () => slow.opened);
      await settle();
      await items.evict(['a']);
      await seconds(1);
      slow.open('loaded');
      expect(await read).toBe('loaded');
    });

    it('hard: fails with an error that names the cache; the late load fills', async () => {
      const items = cacheOf({ timeout: { hard: '1s' } });
      const slow = gate<string>();
      const read = items.getOrLoad(['a'], () => slow.opened);
      const failed = read.catch((error: unknown) => error);
      await settle();
      await seconds(1);
      expect(await failed).toBeInstanceOf(CacheTimeoutError);
      await expect(read).rejects.toThrow('cache "item": the loader took longer than 1000 ms');
      slow.open('late');
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe('late');
    });

    it('hard: concurrent reads share the load, and each has its own time', async () => {
      const items = cacheOf({ timeout: { hard: '1s' } });
      const slow = gate<string>();
      const load = jest.fn(() => slow.opened);
      const first = items.getOrLoad(['a'], load).catch((error: unknown) => error);
      await settle();
      await seconds(0.6);
      const second = items.getOrLoad(['a'], load);
      await settle();
      await seconds(0.6);
      expect(await first).toBeInstanceOf(CacheTimeoutError);
      slow.open('in time for the second');
      expect(await second).toBe('in time for the second');
      expect(load).toHaveBeenCalledTimes(1);
    });
  });

  describe('early refresh', () => {
    it('ahead: a read after a part of the ttl refreshes in the background', async () => {
      const items = cacheOf({ refreshAhead: 0.8 });
      await items.getOrLoad(['a'], next);
      await seconds(7.9);
      await items.getOrLoad(['a'], next);
      await settle();
      expect(loads).toBe(1);
      await seconds(0.2);
      expect(await items.getOrLoad(['a'], next)).toBe(1);
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe(2);
    });

    it('ahead: is not hidden by a long-lived copy of the process', async () => {
      const items = cacheOf({ refreshAhead: 0.5, l1: { ttl: '10s' } });
      await items.getOrLoad(['a'], next);
      await seconds(5.1);
      expect(await items.getOrLoad(['a'], next)).toBe(1);
      await settle();
      expect(await items.getOrLoad(['a'], next)).toBe(2);
    });

    it('XFetch: comes the likelier the nearer the end and the dearer the load', () => {
      const share = (leftMs: number, loadMs: number, earlyRefresh: true | number = true): number => {
        const freshness = Freshness.of('item', { name: 'item', earlyRefresh }, 100_000, 0);
        const due = (): boolean =>
          freshness.isDue({ freshUntil: 100_000, loadMs }, 100_000 - leftMs, 100_000);
        return Array.from({ length: 4_000 }, due).filter(Boolean).length / 4_000;
      };
      // P(due) = exp(-left / (load * beta)), from the article.
      expect(share(1_000, 1_000)).toBeCloseTo(Math.exp(-1), 1);
      expect(share(3_000, 1_000)).toBeCloseTo(Math.exp(-3), 1);
      expect(share(3_000, 3_000)).toBeCloseTo(Math.exp(-1), 1);
      expect(share(3_000, 1_000, 3)).toBeCloseTo(Math.exp(-1), 1);
      expect(share(50_000, 10)).toBe(0);
    });

    it('XFetch: reads refresh dear entries before their end, in the background', async () => {
      const items = cacheOf({ earlyRefresh: 100, l1: false });
      await items.getOrLoad(['a'], async () => {
        clock.advance(1_000);
        return 'dear';
      });
      await seconds(9);
      for (let read = 0; read < 20; read++)
        expect(await items.getOrLoad(['a'], async () => 'dear')).toBe('dear');
      await settle();
      expect(engine.stats().caches[0]!.refreshes).toBeGreaterThan(0);
    });
  });

  it('jitter spreads the ends of entries that were filled together', async () => {
    const items = cacheOf({ jitter: 0.5, l1: false });
    for (let id = 0; id < 100; id++) await items.getOrLoad([String(id)], next);
    await seconds(7);
    const left = await items.getMany(Array.from({ length: 100 }, (_, id) => [String(id)] as [string]));
    const alive = left.filter((value) => value !== undefined).length;
    expect(alive).toBeGreaterThan(20);
    expect(alive).toBeLessThan(95);
  });

  it('the ttl may depend on the result', async () => {
    const items = cacheOf({ ttl: (value) => ((value as { hot: boolean }).hot ? '1m' : '5s'), l1: false });
    await items.getOrLoad(['hot'], async () => ({ hot: true }));
    await items.getOrLoad(['cold'], async () => ({ hot: false }));
    await seconds(6);
    expect(await items.get(['hot'])).toEqual({ hot: true });
    expect(await items.get(['cold'])).toBeUndefined();
  });

  it('a wrong ttl from the result is an error that names the cache', async () => {
    const items = cacheOf({ ttl: () => 'soon', l1: false });
    await expect(items.getOrLoad(['a'], next)).rejects.toThrow(
      'cache "item": ttl, from the result, is "soon"',
    );
  });

  describe('conditional refresh', () => {
    it('keeps the value for another ttl when the source says that it is the same', async () => {
      const items = cacheOf({ stale: '1h', l1: false });
      const seen: unknown[] = [];
      const load = async (): Promise<unknown> => {
        seen.push(previousValue());
        return previousValue() === undefined ? { etag: 'v1' } : notModified();
      };
      await items.getOrLoad(['a'], load);
      await seconds(11);
      await items.getOrLoad(['a'], load);
      await settle();
      expect(seen).toEqual([undefined, { etag: 'v1' }]);
      await seconds(9);
      expect(await items.getOrLoad(['a'], failing)).toEqual({ etag: 'v1' });
      expect(engine.stats().caches[0]!.loads).toBe(2);
    });

    it('is refused where there was nothing before', async () => {
      const items = cacheOf({});
      await expect(items.getOrLoad(['a'], async () => notModified())).rejects.toThrow(
        'cache "item": the loader returned notModified(), but there was no value before',
      );
    });
  });

  it.each([
    [{ timeout: { soft: '1s' } }, /timeout.soft needs an older value/],
    [{ refreshAhead: 2 }, /refreshAhead must be above 0 and at most 1/],
    [{ jitter: 1 }, /jitter must be from 0 to below 1/],
    [{ stale: 0 }, /stale is 0/],
    [{ failSafe: { for: 'long' } }, /failSafe is "long"/],
    [{ earlyRefresh: -1 }, /earlyRefresh must be true or above 0/],
  ])('refuses %j with the fix', (options, message) => {
    expect(() => cacheOf(options as Partial<CacheOptions<[id: string]>>)).toThrow(message);
  });
});
