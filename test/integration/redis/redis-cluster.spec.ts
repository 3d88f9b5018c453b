import { Cluster } from 'ioredis';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.js';

describe('the Redis Cluster of the tests', () => {
  let cluster: RedisCluster;
  let client: Cluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ primaries: 3, replicas: 3 });
    client = new Cluster(cluster.startupNodes, {
      clusterRetryStrategy: () => 50,
      retryDelayOnClusterDown: 50,
    });
  });

  afterAll(async () => {
    client.disconnect();
    await cluster.stop();
  });

  it('spreads keys over three primaries', async () => {
    const keys = Array.from({ length: 30 }, (_, at) => `key ${at}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    const owners = new Set(
      (await Promise.all(keys.map((key) => cluster.primaryOf(key)))).map(({ id }) => id),
    );
    expect(owners.size).toBe(3);
    expect(cluster.nodes).toHaveLength(6);
  });

  it('fails over in good order: the replica answers for the key, nothing is lost', async () => {
    await client.set('a', 'before');
    const old = await cluster.primaryOf('a');
    const taker = await cluster.failover(old);
    expect(taker.id).not.toBe(old.id);
    expect(await cluster.primaryOf('a')).toBe(taker);
    expect(await client.get('a')).toBe('before');
    await client.set('a', 'after');
    expect(await client.get('a')).toBe('after');
  });

  it('survives a killed primary, which comes back as a replica', async () => {
    await client.set('b', 'before');
    const old = await cluster.primaryOf('b');
    const taker = await cluster.killPrimary(old);
    await client.set('b', 'after');
    expect(await client.get('b')).toBe('after');
    await old.restart();
    const view = await cluster.settled('the killed node to be back', (seen) =>
      seen.replicasOf(taker.id).includes(old.id),
    );
    expect(view.isPrimary(old.id)).toBe(false);
  });
});
