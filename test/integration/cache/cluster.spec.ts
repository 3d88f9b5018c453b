import { Cluster } from 'ioredis';
import { describeCacheContract } from '../../../libs/cache/src/testing/cache.contract.js';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.js';

describe('with a real Redis Cluster', () => {
  let cluster: RedisCluster;
  let redis: Cluster;
  let run = 0;

  beforeAll(async () => {
    cluster = await startRedisCluster();
    redis = new Cluster(cluster.startupNodes, { lazyConnect: true });
  });

  afterAll(async () => {
    redis.disconnect();
    await cluster.stop();
  });

  // Within a test, engines share the prefix; every test has its own.
  beforeEach(() => {
    run++;
  });

  describeCacheContract('a Redis Cluster', () => ({ redis, prefix: `t${run}` }));
});
