import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { CacheModule } from '../cache.module.js';
import { CacheService } from '../cache.service.js';
import type { CacheHandle } from '../cache-handle.js';
import { CacheWarm } from '../declare/cache-warm.decorator.js';
import { Cacheable } from '../declare/cacheable.decorator.js';
import { defineCache } from '../declare/cache-declaration.js';
import { DualRead } from './dual-read.js';

const profiles = defineCache<[id: string], unknown>({ name: 'profile', key: (id) => [id], ttl: '1h' });

describe('moving into the cache', () => {
  let app: TestingModule;
  let cache: CacheHandle<[id: string], unknown>;

  const boot = async (...providers: (new () => object)[]): Promise<void> => {
    app = await Test.createTestingModule({ imports: [CacheModule.forRoot()], providers }).compile();
    app.useLogger(false);
    await app.init();
    cache = app.get(CacheService).for(profiles);
  };

  afterEach(() => app.close());

  it('imports a Map in batches and reports what became of each entry', async () => {
    await boot();
    await cache.put(['1'], 'newer');
    const old = new Map<string, unknown>([
      ['1', 'old'],
      ['2', { name: 'Ada' }],
      ['3', () => 'a function'],
      ['4', null],
    ]);
    const progress: number[] = [];
    const report = await cache.import(old, (id: string) => [id], {
      batch: 2,
      onProgress: ({ total }) => progress.push(total),
    });
    expect(report).toMatchObject({ total: 4, stored: 2, kept: 1 });
    expect(report.failed).toHaveLength(1);
    expect(String(report.failed[0]!.error)).toContain('cache "profile": the value is a function');
    expect(progress).toEqual([2, 4]);
    expect(await cache.get(['1'])).toBe('newer');
    expect(await cache.get(['2'])).toEqual({ name: 'Ada' });
    expect(await cache.lookup(['4'])).toEqual({ value: null });
  });

  it('imports the entries of a JSON dump', async () => {
    await boot();
    const dump = JSON.stringify({ a: 1, b: 2 });
    const entries = Object.entries(JSON.parse(dump) as Record<string, number>);
    expect(await cache.import(entries, (id: string) => [id])).toMatchObject({ total: 2, stored: 2 });
    expect(await cache.get(['b'])).toBe(2);
  });

  it('warms what is missing, a few at a time', async () => {
    await boot();
    await cache.put(['0'], 'there');
    let running = 0;
    let most = 0;
    const load = async (id: string): Promise<string> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (id === '5') throw new Error('no such profile');
      return id;
    };
    const ids = Array.from({ length: 10 }, (_, id) => [String(id)] as [string]);
    const report = await cache.warm(ids, load, { batch: 3 });
    expect(report).toMatchObject({ total: 10, stored: 8, kept: 1 });
    expect(report.failed.map(({ item }) => item)).toEqual([['5']]);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('reads the cache, then the old store, then the source, and counts each', async () => {
    await boot();
    const old = new Map<string, unknown>([['a', 'old']]);
    const reads = new DualRead<string, [string], unknown>(cache, old, (id) => [id]);
    const load = jest.fn(async () => 'loaded');
    expect(await reads.get('a', load)).toBe('old');
    expect(await reads.get('a', load)).toBe('old');
    expect(await reads.get('b', load)).toBe('loaded');
    expect(await reads.get('none')).toBeUndefined();
    expect(load).toHaveBeenCalledTimes(1);
    expect(reads.counts).toEqual({ cache: 1, legacy: 1, loader: 1 });
    await cache.evict(['a']);
    old.delete('a');
    expect(await reads.get('a', load)).toBe('loaded');
  });

  it('@CacheWarm calls the method at the start, without holding it up', async () => {
    const calls: string[] = [];
    @Injectable()
    class Profiles {
      async mostRead(): Promise<[string][]> {
        return [['a'], ['b'], ['broken']];
      }

      @CacheWarm((self: Profiles) => self.mostRead())
      @Cacheable(profiles)
      async find(id: string): Promise<unknown> {
        if (id === 'broken') throw new Error('broken');
        calls.push(id);
        return `profile ${id}`;
      }
    }
    await boot(Profiles);
    const found = (): Promise<unknown> => cache.get(['b']);
    while ((await found()) === undefined) await new Promise((resolve) => setImmediate(resolve));
    await app.get(Profiles).find('a');
    expect(calls).toEqual(['a', 'b']);
  });

  it('@CacheWarm without @Cacheable stops the start with the fix', async () => {
    class Uncached {
      @CacheWarm(() => [['a']])
      async find(id: string): Promise<string> {
        return id;
      }
    }
    const started = Test.createTestingModule({
      imports: [CacheModule.forRoot()],
      providers: [Uncached],
    }).compile();
    app = await started;
    await expect(app.init()).rejects.toThrow(
      'Uncached.find has @CacheWarm but nothing that caches its answers',
    );
  });
});
