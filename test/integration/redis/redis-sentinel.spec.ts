import { Logger } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { Redis } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import { startSentinels, type SentinelGroup } from '../../support/redis-sentinel.js';
import { FAST, heard, isUp, written } from './following.js';

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation();
});
afterEach(() => jest.restoreAllMocks());

describe('RedisConnections under Sentinel', () => {
  let group: SentinelGroup;
  let redis: RedisConnections;

  beforeAll(async () => {
    group = await startSentinels();
    redis = new RedisConnections({ ...FAST, sentinels: group.sentinels, sentinelName: group.name });
    await redis.start(5_000);
  });
  afterAll(async () => {
    redis.close();
    await group.stop();
  });

  it('finds the primary', async () => {
    await isUp(redis);
    await written(redis, 'a');
    const health = await eventually('INFO', async () =>
      redis.health().replication ? redis.health() : undefined,
    );
    expect(health).toMatchObject({ mode: 'sentinel', replication: { role: 'primary' } });
  });

  it('follows a failover in good order, with the subscriptions', async () => {
    const { commands, subscriber } = redis;
    const before = await group.primary();
    const taker = await group.failover();
    expect(taker).not.toBe(before);
    await written(redis, 'b');
    await isUp(redis);
    expect([redis.commands, redis.subscriber]).toEqual([commands, subscriber]);
    const port = /tcp_port:(\d+)/.exec((await redis.commands?.call('INFO', 'server')) as string)?.[1];
    expect(Number(port)).toBe(taker.port);
    await heard(redis);
  }, 120_000);

  it('follows when the primary dies, in the same clients', async () => {
    const { commands, subscriber } = redis;
    const old = await group.primary();
    const lost = new Promise<void>((resolve) => redis.onLost(resolve));
    const taker = group.killPrimary();
    await lost;
    await taker;
    await written(redis, 'c');
    await isUp(redis);
    expect([redis.commands, redis.subscriber]).toEqual([commands, subscriber]);
    await heard(redis);
    await old.restart();
    const direct = new Redis(old.port, old.host);
    try {
      await eventually('the old primary to follow', async () =>
        (await direct.role())[0] === 'slave' ? true : undefined,
      );
    } finally {
      direct.disconnect();
    }
  }, 120_000);
});
