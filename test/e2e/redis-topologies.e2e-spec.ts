import {
  Api,
  expectStatus,
  newCharacter,
  newPerson,
  type Conversation,
  type Person,
} from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.js';
import { startSentinels, type SentinelGroup } from '../support/redis-sentinel.js';
import { START_MS, startEmbedded, type BuiltService } from '../support/service.js';

interface Health {
  status: string;
  degraded: string[];
  redis: { status: string };
}

/** Somebody in a conversation with a character. */
interface Talk {
  person: Person;
  conversation: Conversation;
}

/** One topic at a time, on a service that uses the Redis of the test. */
describe('the service on the ways to run Redis', () => {
  let service: BuiltService | undefined;
  const addresses = (endpoints: readonly { host: string; port: number }[]): string =>
    endpoints.map(({ host, port }) => `${host}:${port}`).join();

  const start = async (settings: Record<string, string>): Promise<Talk> => {
    service = await startEmbedded(settings);
    const person = await newPerson(service.url);
    return { person, conversation: await person.converse((await newCharacter(person)).id) };
  };
  const say = async ({ person, conversation }: Talk, text: string): Promise<string> =>
    expectStatus(200, await person.say(conversation.id, text, { mode: 'sync' })).reply.text;
  const usesRedis = (what: string) =>
    eventually(what, async () => {
      const { body } = await new Api(service?.url ?? '').get<Health>('/api/health');
      return body.redis.status === 'ready' && body.degraded.length === 0 ? true : undefined;
    });

  afterEach(async () => {
    await service?.stop();
    service = undefined;
  });

  it(
    'Sentinel: answers before, during and after a failover, and shares again after it',
    async () => {
      const group: SentinelGroup = await startSentinels();
      try {
        const talk = await start({
          REDIS_SENTINELS: addresses(group.sentinels),
          REDIS_SENTINEL_NAME: group.name,
        });
        await usesRedis('Redis');
        expect(await say(talk, 'Hello')).not.toBe('');
        const failover = group.failover();
        for (let at = 0; at < 5; at++) expect(await say(talk, `During the failover ${at}`)).not.toBe('');
        await failover;
        await usesRedis('Redis after the failover');
        expect(await say(talk, 'Still there?')).not.toBe('');
        // The greeting, and seven messages with their replies.
        expect(await talk.person.messages(talk.conversation.id)).toHaveLength(15);
      } finally {
        await group.stop();
      }
    },
    START_MS,
  );

  it(
    'Cluster: answers, and shares there',
    async () => {
      const cluster: RedisCluster = await startRedisCluster({ replicas: 0 });
      try {
        const talk = await start({ REDIS_CLUSTER_NODES: addresses(cluster.startupNodes) });
        await usesRedis('Redis');
        expect(await say(talk, 'Hello')).not.toBe('');
        expect(await talk.person.messages(talk.conversation.id)).toHaveLength(3);
        await usesRedis('Redis after all that');
      } finally {
        await cluster.stop();
      }
    },
    START_MS,
  );
});
