import { Cluster } from 'ioredis';
import { describeCacheContract } from '../../../libs/cache/src/testing/cache.contract.js';
import { startRedisCluster, type ClusterNode, type RedisCluster } from '../../support/redis-cluster.js';
import { describeFailover } from './failover-suite.js';

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

  describeFailover('a Redis Cluster', () => ({
    connect: () => new Cluster(cluster.startupNodes, { lazyConnect: true, clusterRetryStrategy: () => 50 }),
    handOver: async () => cluster.failover(await cluster.primaryOf('a')),
    killPrimary: async () => {
      const killed: ClusterNode = await cluster.primaryOf('a');
      await cluster.killPrimary(killed);
      await killed.restart();
    },
  }));
});
