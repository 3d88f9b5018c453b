import { Redis } from 'ioredis';
import { describeCacheContract } from '../../../libs/cache/src/testing/cache.contract.js';
import { startSentinels, type SentinelGroup } from '../../support/redis-sentinel.js';
import { describeFailover } from './failover-suite.js';

describe('with Redis servers under Sentinel', () => {
  let group: SentinelGroup;
  let redis: Redis;
  let run = 0;

  const connect = (): Redis =>
    new Redis({
      sentinels: group.sentinels,
      name: group.name,
      lazyConnect: true,
      retryStrategy: () => 50,
      sentinelRetryStrategy: () => 50,
    });

  beforeAll(async () => {
    group = await startSentinels();
    redis = connect();
    redis.on('error', () => undefined);
  });

  afterAll(async () => {
    redis.disconnect();
    await group.stop();
  });

  // Within a test, engines share the prefix; every test has its own.
  beforeEach(() => {
    run++;
  });

  describeCacheContract('Redis under Sentinel', () => ({ redis, prefix: `t${run}` }));

  describeFailover('Redis under Sentinel', () => ({
    connect,
    handOver: () => group.failover(),
    killPrimary: async () => {
      const killed = await group.primary();
      await group.killPrimary();
      await killed.restart();
    },
  }));
});
