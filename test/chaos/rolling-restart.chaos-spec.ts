import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { watchStalls, type Stalls } from '../../libs/redis/src/testing/undisturbed.js';
import { newCharacter, newPerson, type Message, type Person } from '../support/api-client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { startBuilt, START_MS, type BuiltService } from '../support/service.js';
import { Balancer } from './support/balancer.js';
import { Reader } from './support/reader.js';

const SIZE = FULL_SIZE
  ? { sockets: 500, requestsPerSecond: 200, atOnce: 200, spread: '5s' }
  : { sockets: 20, requestsPerSecond: 30, atOnce: 15, spread: '1s' };
const SOCKETS_PER_PERSON = 10;
/** What the official client waits before it connects again, and what a machine needs that also runs all the clients. */
const RECONNECT_MS = FULL_SIZE ? 15_000 : 5_000;

interface Talk {
  person: Person;
  conversationId: string;
  sent: string[];
}

describe('a rolling restart of two instances', () => {
  let cluster: Cluster;
  let instances: BuiltService[];
  let balancer: Balancer;
  let talks: Talk[];
  let readers: Reader[];
  let stalls: Stalls;
  const failures: string[] = [];
  let requests = 0;

  beforeAll(async () => {
    stalls = watchStalls();
    cluster = await startCluster({
      DRAIN_DELAY: '1500ms',
      SOCKET_DRAIN_SPREAD: SIZE.spread,
      USAGE_FREE_TEXT_PER_DAY: '1000000',
      BURST_LIMIT: '0',
    });
    instances = [cluster.a, cluster.b];
    balancer = await Balancer.start(instances.map(({ url }) => url));
    const owner = await newPerson(balancer.pick());
    const { id: characterId } = await newCharacter(owner);
    const people = Array.from({ length: SIZE.sockets / SOCKETS_PER_PERSON }, () =>
      newPerson(balancer.pick()),
    );
    talks = await Promise.all(
      (await Promise.all(people)).map(async (person) => {
        const { id } = await person.converse(characterId);
        return { person, conversationId: id, sent: [] };
      }),
    );
    readers = Array.from({ length: SIZE.sockets }, (_, index) => {
      const { person, conversationId } = talks[index % talks.length] as Talk;
      return new Reader(balancer.url, person.token as string, `conversation:${conversationId}`);
    });
    await followed();
  }, START_MS);

  afterAll(async () => {
    stalls.end();
    readers?.forEach((reader) => reader.stop());
    await balancer?.stop();
    await Promise.all(instances?.map((instance) => instance.stop()) ?? []);
    await cluster?.stop();
  }, START_MS);

  const followed = (): Promise<true> =>
    eventually(
      'all readers to follow',
      async () => readers.every(({ isFollowing }) => isFollowing) || undefined,
    );

  /** One of five writes, the others read. */
  async function request(number: number): Promise<void> {
    const talk = talks[number % talks.length] as Talk;
    const person = talk.person.at(balancer.pick());
    const path = `/api/conversations/${talk.conversationId}`;
    if (number % 5 > 0) return expectAnswer(200, await person.get(number % 2 ? path : '/api/users/me'));
    const clientMessageId = randomUUID();
    talk.sent.push(clientMessageId);
    const answer = await person.say(
      talk.conversationId,
      `Message ${number}`,
      { mode: 'none' },
      clientMessageId,
    );
    expectAnswer(201, answer);
  }

  function expectAnswer(status: number, answer: { status: number; body: unknown }): void {
    if (answer.status !== status) failures.push(`${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** Requests at a steady pace, as long as they are answered, until told to stop. */
  function load(): () => Promise<void> {
    const running = new Set<Promise<void>>();
    const timer = setInterval(() => {
      // What a machine can take is not what is asked here.
      if (running.size >= SIZE.atOnce) return;
      // It stands on a machine of its own elsewhere, and knows who has gone.
      if (balancer.hasMissed()) return;
      const one = request(requests++)
        .catch((error: unknown) => void failures.push(String((error as Error).cause ?? error)))
        .finally(() => running.delete(one));
      running.add(one);
    }, 1_000 / SIZE.requestsPerSecond);
    return async () => {
      clearInterval(timer);
      await Promise.all(running);
    };
  }

  async function restart(index: number): Promise<number | null> {
    const { url, stop } = instances[index] as BuiltService;
    const code = await stop();
    instances[index] = await startBuilt(cluster.settings, { port: Number(new URL(url).port) });
    await eventually('the balancer to notice', async () => balancer.isReady(url) || undefined);
    return code;
  }

  it(
    'fails no request, loses no message, and brings every socket back in its time',
    async () => {
      const stopLoad = load();
      try {
        await sleep(500);
        expect(await restart(0)).toBe(0);
        await followed();
        expect(await restart(1)).toBe(0);
        await followed();
        await sleep(500);
      } finally {
        await stopLoad();
      }

      expect(failures).toEqual([]);
      for (const [index, { person, conversationId, sent }] of talks.entries()) {
        const said = (await allMessages(person.at(balancer.pick()), conversationId)).filter(
          ({ role }) => role === 'user',
        );
        expect(said.map(({ clientMessageId }) => clientMessageId).sort()).toEqual([...sent].sort());
        const ids = said.map(({ id }) => id);
        for (const reader of readers.filter((_, at) => at % talks.length === index)) {
          await eventually('the last event', async () => reader.heard.length >= ids.length || undefined);
          expect(reader.heard).toEqual(ids);
        }
      }
      expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
      const lateBy = readers.flatMap((reader) => reader.lateBy);
      expect(lateBy.length).toBeGreaterThanOrEqual(SIZE.sockets);
      expect(Math.max(...lateBy)).toBeLessThan(RECONNECT_MS + stalls.longestMs());
      console.log(
        `${requests} requests, ${lateBy.length} reconnections, the slowest ${Math.round(Math.max(...lateBy))} ms after its time`,
      );
    },
    START_MS,
  );
});

async function allMessages(person: Person, conversationId: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let after = 0; ;) {
    const path = `/api/conversations/${conversationId}/messages?limit=100&after=${after}`;
    const { items } = (await person.get<{ items: Message[] }>(path)).body;
    messages.push(...items);
    const last = items.at(-1);
    if (!last) return messages;
    after = last.seq;
  }
}
