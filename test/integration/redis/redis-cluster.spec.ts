import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import type { Cluster } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.js';
import { FAST, heard, isUp, written } from './following.js';

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

describe('RedisConnections on a Cluster', () => {
  let cluster: RedisCluster;
  let redis: RedisConnections;
  const KEYS = Array.from({ length: 20 }, (_, at) => `key ${at}`);

  beforeAll(async () => {
    cluster = await startRedisCluster();
    redis = new RedisConnections({ ...FAST, clusterNodes: cluster.startupNodes, inspectMs: 200 });
    await redis.start(5_000);
  });
  afterAll(async () => {
    redis.close();
    await cluster.stop();
  });

  it('takes keys of every slot, and tells of all primaries together', async () => {
    await isUp(redis);
    await Promise.all(KEYS.map((key) => written(redis, key)));
    const owners = await Promise.all(KEYS.map((key) => cluster.primaryOf(key)));
    expect(new Set(owners.map(({ id }) => id)).size).toBe(3);
    const { mode, writable, replication } = await eventually('INFO', async () =>
      redis.health().replication?.connectedReplicas === 3 ? redis.health() : undefined,
    );
    expect([mode, writable, replication?.role]).toEqual(['cluster', true, 'primary']);
    await heard(redis);
  });

  it('asks every primary for writes: one without memory is noticed, and when it has some again', async () => {
    const node = await cluster.primaryOf('key 0');
    const admin = (redis.commands as Cluster)
      .nodes('master')
      .find(({ options }) => options.port === node.port);
    await admin?.config('SET', 'maxmemory', '1');
    await eventually('the refusal', async () => (redis.writable() ? undefined : true));
    expect(redis.status()).toBe('ready');
    expect(redis.health().reason?.code).toBe('out-of-memory');
    await admin?.config('SET', 'maxmemory', '0');
    await eventually('the recovery', async () => redis.writable() || undefined);
  });

  it('follows a failover in good order, and nothing is lost', async () => {
    const old = await cluster.primaryOf('key 0');
    const taker = await cluster.failover(old);
    expect(await cluster.primaryOf('key 0')).toBe(taker);
    await written(redis, 'key 0');
    for (const key of KEYS) {
      const kept = await eventually(key, async () => redis.commands?.get(key).catch(() => undefined));
      expect(kept).toBe('value');
    }
  });

  it('follows when a primary dies: keys and subscriptions work again in the same clients', async () => {
    const { commands, subscriber } = redis;
    const old = await cluster.primaryOf('key 0');
    await cluster.killPrimary(old);
    await Promise.all(KEYS.map((key) => written(redis, key)));
    await isUp(redis);
    expect([redis.commands, redis.subscriber]).toEqual([commands, subscriber]);
    await heard(redis);
    await old.restart();
    const view = await cluster.settled('the killed node to be back', (seen) => seen.replicas === 3);
    expect(view.isPrimary(old.id)).toBe(false);
  });

  it('gives up a primary that hangs, and finds who has its slots', async () => {
    const old = await cluster.primaryOf('key 1');
    old.pause();
    try {
      await Promise.all(KEYS.map((key) => written(redis, key)));
    } finally {
      old.resume();
    }
    await heard(redis);
  });

  it('moves the subscriptions when their node leaves', async () => {
    await isUp(redis);
    const { subscriber, commands } = redis;
    if (!subscriber || !commands) throw new Error('no connections');
    const moved = once(subscriber, 'close');
    commands.emit('-node', { options: { ...subscriber.options } });
    await moved;
    await isUp(redis);
    await heard(redis);
  });

  it('never sends a command twice whose answer was lost with its node', async () => {
    const old = await cluster.primaryOf('counter');
    await redis.commands?.set('counter', 0);
    old.pause();
    const sent = redis.commands?.incr('counter');
    await expect(sent).rejects.toThrow();
    old.resume();
    const value = await eventually('the counter', async () =>
      redis.commands
        ?.get('counter')
        .catch(() => undefined)
        .then((text) => text ?? undefined),
    );
    expect(Number(value)).toBeLessThanOrEqual(1);
  });

  it('lends connections on which a command may block, whichever node has the key', async () => {
    await isUp(redis);
    const popped = KEYS.slice(0, 3).map((key) =>
      redis.blocking.use((client) => client.blpop(`list of ${key}`, 20)),
    );
    for (const key of KEYS.slice(0, 3)) await redis.commands?.rpush(`list of ${key}`, key);
    expect(await Promise.all(popped)).toEqual(KEYS.slice(0, 3).map((key) => [`list of ${key}`, key]));
  });
});
