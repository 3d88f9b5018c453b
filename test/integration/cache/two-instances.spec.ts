import { Redis } from 'ioredis';
import { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import { defineCache } from '../../../libs/cache/src/declare/cache-declaration.js';
import { gate, handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from './until.js';

const local = defineCache<[id: string], number>({
  name: 'local',
  key: (id) => [id],
  ttl: '1h',
  l1: { ttl: '30m' },
  tags: (id) => [`of ${id}`],
});
const shared = defineCache<[id: string], number>({ name: 'shared', key: (id) => [id], ttl: '1h', l1: false });

describe('two instances over one Redis', () => {
  let server: RedisServer;
  let connections: Redis[];
  let one: CacheEngine;
  let two: CacheEngine;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    connections = [new Redis(server.url), new Redis(server.url), new Redis(server.url)];
    await connections[2]!.flushall();
    const [first, second] = connections as [Redis, Redis, Redis];
    one = new CacheEngine({ redis: first, deadlineMs: 1_000 });
    two = new CacheEngine({ redis: second, deadlineMs: 1_000 });
    await Promise.all([one.start(), two.start()]);
    await until(() => one.stats().inStep && two.stats().inStep);
  });

  afterEach(() => {
    one.stop();
    two.stop();
    for (const connection of connections) connection.disconnect();
  });

  it('share entries: what one has loaded the other reads', async () => {
    await handleOf(one, local).getOrLoad(['a'], async () => 1);
    expect(await handleOf(two, local).getOrLoad(['a'], async () => 2)).toBe(1);
  });

  it.each([
    ['evict', () => handleOf(one, local).evict(['a'])],
    ['put', () => handleOf(one, local).put(['a'], 2)],
    ['clear', () => handleOf(one, local).clear()],
    ['tag evict', () => handleOf(one, local).evictTag('of a')],
  ])('drop the own copy of the other on %s', async (_kind, write) => {
    for (const engine of [one, two]) await handleOf(engine, local).getOrLoad(['a'], async () => 1);
    expect(two.stats().caches[0]).toMatchObject({ keys: 1 });
    await write();
    await until(async () => (await handleOf(two, local).getOrLoad(['a'], async () => 2)) === 2);
    expect(await handleOf(one, local).getOrLoad(['a'], async () => 2)).toBe(2);
  });

  it('obey nobody who speaks on another channel of a connection that the cache shares', async () => {
    const [commands, subscriber] = [new Redis(server.url), new Redis(server.url)];
    const engine = new CacheEngine({ redis: { commands, subscriber }, deadlineMs: 1_000 });
    await engine.start();
    await until(() => engine.stats().inStep);
    await handleOf(engine, local).getOrLoad(['a'], async () => 1);
    await subscriber.subscribe('chatter');
    const heard = new Promise((resolve) => subscriber.once('message', resolve));
    await commands.publish('chatter', 'c somebody local');
    await heard;
    expect(engine.stats().caches[0]).toMatchObject({ keys: 1 });
    engine.stop();
    commands.disconnect();
    subscriber.disconnect();
  });

  it.each([
    ['evict', () => handleOf(two, shared).evict(['a'])],
    ['clear', () => handleOf(two, shared).clear()],
  ])('refuse what one loaded when the other did %s meanwhile', async (_kind, write) => {
    const slow = gate<number>();
    let loading = false;
    const early = handleOf(one, shared).getOrLoad(['a'], () => {
      loading = true;
      return slow.opened;
    });
    await until(() => loading);
    expect(await write()).toBe('applied');
    slow.open(1);
    expect(await early).toBe(1);
    for (const engine of [two, one]) {
      await until(async () => (await handleOf(engine, shared).getOrLoad(['a'], async () => 2)) === 2);
    }
  });

  it('never return a value from before an evict that was acknowledged, however they interleave', async () => {
    let source = 0;
    let acknowledged = 0;
    const stale: string[] = [];
    const read = async (engine: CacheEngine): Promise<void> => {
      const floor = acknowledged;
      const value = await handleOf(engine, shared).getOrLoad(['hot'], async () => {
        const seen = source;
        await new Promise((resolve) => setImmediate(resolve));
        return seen;
      });
      if (value < floor) stale.push(`${value} after ${floor}`);
    };
    const write = async (engine: CacheEngine): Promise<void> => {
      const written = ++source;
      await handleOf(engine, shared).evict(['hot']);
      acknowledged = Math.max(acknowledged, written);
    };
    for (let round = 0; round < 150; round++) {
      const reads = Array.from({ length: 6 }, (_, at) => read(at % 2 ? one : two));
      await Promise.all([write(round % 2 ? one : two), ...reads]);
      const value = await handleOf(round % 2 ? two : one, shared).getOrLoad(['hot'], async () => source);
      if (value !== source) stale.push(`${value} instead of ${source}`);
    }
    expect(stale).toEqual([]);
  });

  it('never keep a value in L1 that was read before an evict arrived', async () => {
    let source = 0;
    for (let round = 0; round < 100; round++) {
      source++;
      const reads = Array.from({ length: 4 }, () =>
        handleOf(two, local).getOrLoad(['hot'], async () => source),
      );
      await Promise.all([handleOf(one, local).evict(['hot']), ...reads]);
    }
    await until(async () => (await handleOf(two, local).getOrLoad(['hot'], async () => source)) === source);
  });

  it('do not keep what they read while their own evict was on its way', async () => {
    await handleOf(one, local).getOrLoad(['a'], async () => 1);
    // The server has to be told the evict script again, which leaves a gap for a read of the old value.
    await connections[2]!.script('FLUSH');
    const evicted = handleOf(two, local).evict(['a']);
    const overlapping = handleOf(two, local).getOrLoad(['a'], async () => 2);
    expect(await evicted).toBe('applied');
    expect(await overlapping).toBe(1);
    expect(await handleOf(two, local).getOrLoad(['a'], async () => 2)).toBe(2);
  });

  it('distrust their copies when the subscription breaks, and trust new ones afterwards', async () => {
    await handleOf(two, local).getOrLoad(['a'], async () => 1);
    // The only pub/sub clients of this server are the two engines.
    await connections[2]!.client('KILL', 'TYPE', 'pubsub');
    // Behind the back of every instance: only a distrusted copy leads to Redis.
    await connections[2]!.flushall();
    await until(async () => (await handleOf(two, local).getOrLoad(['a'], async () => 2)) === 2);
    await until(() => two.stats().inStep);
    await handleOf(two, local).evict(['a']);
    await handleOf(two, local).getOrLoad(['a'], async () => 3);
    await until(() => two.stats().caches[0]?.keys === 1);
  });

  it('keep keys that read as they are declared, in one Cluster slot with their lease', async () => {
    const slow = gate<number>();
    const load = handleOf(one, shared).getOrLoad(['user-1'], () => slow.opened);
    const mark = 'cache:default:{#clear:shared}';
    await until(async () => (await connections[2]!.keys('*')).length === 2);
    expect((await connections[2]!.keys('*')).toSorted()).toEqual([
      mark,
      'cache:default:{shared:user-1}:lease',
    ]);
    slow.open(1);
    await load;
    expect((await connections[2]!.keys('*')).toSorted()).toEqual([mark, 'cache:default:{shared:user-1}']);
    expect(await connections[2]!.pttl('cache:default:{shared:user-1}')).toBeGreaterThan(3_500_000);
  });
});
