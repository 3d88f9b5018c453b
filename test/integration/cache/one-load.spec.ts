import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import type { CacheHandle } from '../../../libs/cache/src/cache-handle.js';
import { defineCache } from '../../../libs/cache/src/declare/cache-declaration.js';
import { gate, handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { LEASE_MS } from '../../../libs/cache/src/tiers/tier.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { until } from '../../../libs/redis/src/testing/until.js';

const items = defineCache<[id: string], string>({ name: 'item', key: (id) => [id], ttl: '1h' });

describe('a key that several instances want at once', () => {
  let server: RedisServer;
  let connections: Redis[];
  let engines: CacheEngine[];
  let one: CacheHandle<[string], string>;
  let two: CacheHandle<[string], string>;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.stop());

  const open = async (): Promise<void> => {
    connections = [new Redis(server.url), new Redis(server.url), new Redis(server.url)];
    await connections[2]!.flushall();
    engines = connections.slice(0, 2).map((redis) => new CacheEngine({ redis, deadlineMs: 1_000 }));
    await Promise.all(engines.map((engine) => engine.start()));
    await until(() => engines.every((engine) => engine.stats().inStep));
    [one, two] = engines.map((engine) => handleOf(engine, items)) as [typeof one, typeof two];
  };
  const close = (): void => {
    for (const engine of engines) engine.stop();
    for (const connection of connections) connection.disconnect();
  };

  /** A process that stands still renews no lease, and its calls are late. */
  const attempt = (work: () => Promise<void>): Promise<void> =>
    undisturbed(40, async () => {
      await open();
      try {
        await work();
      } finally {
        close();
      }
    });

  const waiting = (): Promise<void> =>
    until(async () => (await connections[2]!.exists('cache:default:{item:a}:waiters')) === 1);

  it('is loaded once; the others are woken by the fill, not by the next look', () =>
    attempt(async () => {
      const slow = gate<string>();
      const first = one.getOrLoad(['a'], () => slow.opened);
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      const loads = jest.fn(async () => 'second load');
      const others = Array.from({ length: 250 }, () => two.getOrLoad(['a'], loads));
      // By now a waiter looks only every quarter of a second.
      await sleep(800);
      let wokenAt = 0;
      void Promise.all(others).then(() => (wokenAt = performance.now()));
      slow.open('value');
      await first;
      const filledAt = performance.now();
      expect(new Set(await Promise.all(others))).toEqual(new Set(['value']));
      expect(wokenAt - filledAt).toBeLessThan(100);
      expect(loads).not.toHaveBeenCalled();
    }));

  it('is loaded by the next one at once when the loader fails', () =>
    attempt(async () => {
      const slow = gate();
      const first = one.getOrLoad(['a'], async () => {
        await slow.opened;
        throw new Error('source is down');
      });
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      const second = two.getOrLoad(['a'], async () => 'loaded');
      await waiting();
      slow.open();
      await expect(first).rejects.toThrow('source is down');
      expect(await second).toBe('loaded');
      expect(await two.get(['a'])).toBe('loaded');
    }));

  it('is taken over when the loader dies: within its lease, by one', () =>
    attempt(async () => {
      const never = gate<string>();
      void one.getOrLoad(['a'], () => never.opened);
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      // Nobody renews the lease any more, as after SIGKILL.
      engines[0]!.stop();
      connections[0]!.disconnect();
      const startedAt = performance.now();
      const load = jest.fn(async () => 'taken over');
      const reads = Array.from({ length: 50 }, () => two.getOrLoad(['a'], load));
      expect(new Set(await Promise.all(reads))).toEqual(new Set(['taken over']));
      expect(load).toHaveBeenCalledTimes(1);
      expect(performance.now() - startedAt).toBeLessThan(LEASE_MS + 500);
    }));

  it('keeps its lease for as long as the load takes', () =>
    attempt(async () => {
      const slow = gate<string>();
      const first = one.getOrLoad(['a'], () => slow.opened);
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      const load = jest.fn(async () => 'second load');
      const second = two.getOrLoad(['a'], load);
      await sleep(LEASE_MS + 1_000);
      slow.open('value');
      expect(await first).toBe('value');
      expect(await second).toBe('value');
      expect(load).not.toHaveBeenCalled();
    }));

  it('is loaded anew after an evict, without waiting for the load from before it', () =>
    attempt(async () => {
      const slow = gate<string>();
      const first = one.getOrLoad(['a'], () => slow.opened);
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      const waiter = two.getOrLoad(['a'], async () => 'new');
      await waiting();
      expect(await two.evict(['a'])).toBe('applied');
      expect(await two.getOrLoad(['a'], async () => 'new')).toBe('new');
      expect(await waiter).toBe('new');
      slow.open('old');
      expect(await first).toBe('old');
      expect(await one.getOrLoad(['a'], async () => 'newer')).toBe('new');
    }));

  it('does not lock instances up whose loaders read what the other loads', () =>
    attempt(async () => {
      const both = gate();
      let loading = 0;
      const meet = async (): Promise<void> => {
        if (++loading === 2) both.open();
        await both.opened;
      };
      const crossed = [
        one.getOrLoad(['a'], async () => {
          await meet();
          return `a with ${await one.getOrLoad(['b'], async () => 'own b')}`;
        }),
        two.getOrLoad(['b'], async () => {
          await meet();
          return `b with ${await two.getOrLoad(['a'], async () => 'own a')}`;
        }),
      ];
      expect(await Promise.all(crossed)).toEqual(['a with own b', 'b with own a']);
    }));

  it('does not lock one instance up whose loaders read what the other loads', () =>
    attempt(async () => {
      const both = gate();
      let loading = 0;
      const meet = async (): Promise<void> => {
        if (++loading === 2) both.open();
        await both.opened;
      };
      const read = (id: string, other: string): Promise<string> =>
        one.getOrLoad([id], async () => {
          await meet();
          return `${id} with ${await one.getOrLoad([other], async () => `own ${other}`)}`;
        });
      const values = await Promise.all([read('a', 'b'), read('b', 'a')]);
      expect(values.some((value) => value.includes('own'))).toBe(true);
    }));

  it('is not read late by many that ask for several keys: nobody waits for what another process loads', () =>
    attempt(async () => {
      const slow = gate<string>();
      const first = one.getOrLoad(['a'], () => slow.opened);
      await until(() => engines[0]!.stats().caches[0]!.loads === 1);
      const asked: string[][] = [];
      const many = two.getMany([['a'], ['b'], ['c']], async (missing) => {
        asked.push(missing.map(([id]) => id));
        return missing.map(([id]) => id.toUpperCase());
      });
      await until(() => asked.length === 1);
      expect(asked).toEqual([['b', 'c']]);
      slow.open('value');
      expect(await many).toEqual(['value', 'B', 'C']);
      await first;
    }));
});
