import { Redis } from 'ioredis';
import { describeCacheContract } from '../../../libs/cache/src/testing/cache.contract.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('with a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url, { lazyConnect: true });
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  let run = 0;
  describeCacheContract('Redis', () => {
    // Within a test, engines share the prefix; every test has its own.
    return { redis, prefix: `t${run}` };
  });
  beforeEach(() => {
    run++;
  });
});
