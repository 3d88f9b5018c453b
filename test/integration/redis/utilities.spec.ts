import { Logger } from '@nestjs/common';
import { PubSub, RedisConnections } from '@rapport/redis';
import { describeKeys } from '../../../libs/redis/src/testing/keys.contract.js';
import { describePresence } from '../../../libs/redis/src/testing/presence.contract.js';
import { describePubSub } from '../../../libs/redis/src/testing/pubsub.contract.js';
import { describeSessions } from '../../../libs/redis/src/testing/sessions.contract.js';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedis } from '../../support/redis-server.js';

/** Of a machine that stands still at times: no command fails of it, and no connection is given up. */
const PATIENT = { heartbeatMs: 10_000, commandTimeoutMs: 20_000 };

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
    connections = new RedisConnections({ ...redis.options, ...PATIENT });
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

  it('keeps the order of a publisher, whichever servers pass its messages on', async () => {
    const others = new RedisConnections({ ...redis.options, ...PATIENT });
    await others.start();
    await until(() => others.status() === 'ready');
    const [one, other] = [connections, others].map((each) => new PubSub(each, { prefix: 'order' }));
    const numbers = Array.from({ length: 500 }, (_, at) => at);
    const heard: number[] = [];
    try {
      await other!.subscribe<number>('a', (number) => heard.push(number));
      await Promise.all(numbers.map((number) => one!.publish('a', number)));
      await until(() => heard.length >= numbers.length);
      expect(heard).toEqual(numbers);
    } finally {
      one!.close();
      other!.close();
      others.close();
    }
  });
});
