import type { Cluster, Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import { defineCache } from '../../../libs/cache/src/declare/cache-declaration.js';
import { gate, handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { machineMs } from '../../chaos/children/history.js';
import { FailoverTraffic } from './failover-traffic.js';
import { until } from './until.js';

/** Redis servers that take over from each other. */
export interface FailoverGroup {
  connect(): Redis | Cluster;
  /** Resolves when another server has taken over in good order and all agree. */
  handOver(): Promise<unknown>;
  /** Ends a primary (SIGKILL); resolves when another one has taken over and all agree. */
  killPrimary(): Promise<unknown>;
}

const KEYS = Array.from({ length: 16 }, (_, at) => `k${at}`);
const local = defineCache<[id: string], number>({
  name: 'local',
  key: (id) => [id],
  ttl: '1h',
  l1: { ttl: '30m' },
  tags: (id) => [`of ${id}`, 'all of them'],
});
const shared = defineCache<[id: string], number>({ name: 'shared', key: (id) => [id], ttl: '1h', l1: false });

/** What two instances promise each other over several Redis servers, also while one takes over from another. */
export function describeFailover(what: string, group: () => FailoverGroup): void {
  describe(`two instances over ${what}`, () => {
    let connections: (Redis | Cluster)[];
    let engines: CacheEngine[];
    let one: CacheEngine;
    let two: CacheEngine;
    let run = 0;

    const open = async (deadlineMs?: number): Promise<void> => {
      run++;
      connections = [group().connect(), group().connect()];
      for (const connection of connections) connection.on('error', () => undefined);
      engines = connections.map(
        (redis) => new CacheEngine({ redis, prefix: `f${run}`, deadlineMs, logger: silent }),
      );
      [one, two] = engines as [CacheEngine, CacheEngine];
      await Promise.all(engines.map((engine) => engine.start()));
      await until(() => engines.every(isWell));
    };

    afterEach(() => {
      for (const engine of engines) engine.stop();
      for (const connection of connections) connection.disconnect();
    });

    describe('whose servers are well', () => {
      beforeEach(() => open(1_000));

      it.each([
        ['evict', () => handleOf(one, local).evictMany(KEYS.map((key) => [key]))],
        ['put', () => Promise.all(KEYS.map((key) => handleOf(one, local).put([key], 2)))],
        ['clear', () => handleOf(one, local).clear()],
        ['tag evict', () => handleOf(one, local).evictTag('all of them')],
      ])('drop the own copies of the other on %s, wherever the entries are', async (_kind, write) => {
        const readAll = (engine: CacheEngine, value: number): Promise<number[]> =>
          Promise.all(KEYS.map((key) => handleOf(engine, local).getOrLoad([key], async () => value)));
        for (const engine of engines) await readAll(engine, 1);
        expect(two.stats().caches[0]).toMatchObject({ keys: KEYS.length });
        await write();
        await until(async () => (await readAll(two, 2)).every((value) => value === 2));
        expect(new Set(await readAll(one, 2))).toEqual(new Set([2]));
      });

      it.each([
        ['evict', () => handleOf(two, shared).evictMany(KEYS.map((key) => [key]))],
        ['clear', () => handleOf(two, shared).clear()],
      ])('refuse what one has begun to load when the other did %s meanwhile', async (_kind, write) => {
        const slow = gate<number>();
        const early = KEYS.map((key) => handleOf(one, shared).getOrLoad([key], () => slow.opened));
        await until(() => one.stats().caches[0]!.loads === KEYS.length);
        expect(await write()).toBe('applied');
        slow.open(1);
        await Promise.all(early);
        for (const key of KEYS) expect(await handleOf(two, shared).getOrLoad([key], async () => 2)).toBe(2);
      });

      it('load each key once between them', async () => {
        const load = jest.fn(async () => {
          await sleep(30);
          return 1;
        });
        const reads = engines.flatMap((engine) =>
          KEYS.map((key) => handleOf(engine, shared).getOrLoad([key], load)),
        );
        await Promise.all(reads);
        expect(load).toHaveBeenCalledTimes(KEYS.length);
      });
    });

    describe('whose servers fail', () => {
      beforeEach(() => open());

      it.each([
        ['hands over in good order', () => group().handOver()],
        ['is killed', () => group().killPrimary()],
      ])(
        'go on while a primary %s: no caller notices, and what is evicted afterwards stays so',
        async (kind, fail) => {
          const traffic = new FailoverTraffic(engines);
          let backAt: number;
          try {
            await sleep(500);
            await fail();
            await until(() => engines.every(isWell));
            backAt = machineMs();
            await sleep(1_500);
            // However slow it all is: what is asserted of the time after it must have happened.
            await until(() => traffic.history.reads.some(({ own, start }) => own && start > backAt));
          } finally {
            await traffic.stop();
          }
          const { history, findings } = traffic;
          const lost = [...findings.stale, ...findings.staleCopies].filter(
            ({ expected }) => expected!.at < backAt,
          );
          process.stdout.write(
            `${what}, a primary ${kind}: ${history.reads.length} reads, ${history.evicts.length} evicts, ` +
              `${lost.length} reads from before evicts that the failover lost\n`,
          );
          expect(findings.faulty).toEqual([]);
          expect(findings.staleAfterOwn.filter(({ expected }) => expected!.at >= backAt)).toEqual([]);
          for (const breaches of [findings.stale, findings.staleCopies])
            expect(breaches.filter(({ expected }) => expected!.at >= backAt)).toEqual([]);
          expect(history.reads.filter(({ own, start }) => own && start > backAt).length).toBeGreaterThan(0);
          expect(await traffic.evictAll()).toEqual(new Set(['applied']));
          await until(async () => (await traffic.outdated()).length === 0);
          expect(await traffic.outdated()).toEqual([]);
        },
        120_000,
      );
    });
  });
}

const isWell = (engine: CacheEngine): boolean => engine.stats().inStep && engine.stats().mode === 'redis';
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
