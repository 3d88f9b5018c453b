import { Logger } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { describeKeys } from '../../../libs/redis/src/testing/keys.contract.js';
import { describePresence } from '../../../libs/redis/src/testing/presence.contract.js';
import { describePubSub } from '../../../libs/redis/src/testing/pubsub.contract.js';
import { describeSessions } from '../../../libs/redis/src/testing/sessions.contract.js';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedis } from '../../support/redis-server.js';

const startSingle = async () => {
  const server = await startRedis();
  return { options: { url: server.url }, stop: () => server.stop() };
};
const startCluster = async () => {
  const cluster = await startRedisCluster({ primaries: 3, replicas: 0 });
  return { options: { clusterNodes: cluster.startupNodes }, stop: () => cluster.stop() };
};

beforeAll(() => Logger.overrideLogger(['error']));

describe.each([
  ['Redis', startSingle],
  ['a Redis Cluster', startCluster],
])('with %s', (where, start) => {
  let redis: Awaited<ReturnType<typeof start>>;
  let connections: RedisConnections;

  beforeAll(async () => {
    redis = await start();
    connections = new RedisConnections(redis.options);
    await connections.start();
    await until(() => connections.status() === 'ready');
  });
  afterAll(async () => {
    connections.close();
    await redis.stop();
  });

  describePubSub(where, () => connections);
  describePresence(where, () => connections);
  describeSessions(where, () => connections);
  describeKeys(where, () => connections);
});
