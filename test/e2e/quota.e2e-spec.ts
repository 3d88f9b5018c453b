import { randomUUID } from 'node:crypto';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { Api, expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type { Answer, Character, Conversation, Person, Posted, Problem } from '../support/api-client.js';
import { startCluster } from '../support/cluster.js';
import { START_MS, startEmbedded } from '../support/service.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';
import { testServers } from '../support/test-servers.js';
import { adminToken, TOKEN_SECRET } from '../support/tokens.js';

/** At the same moment. */
const SENDS = FULL_SIZE ? 100 : 40;
const ONE_A_DAY = { USAGE_FREE_TEXT_PER_DAY: '1', AUTH_SECRET: TOKEN_SECRET };

interface Deployment {
  urls: string[];
  stop(): Promise<void>;
}

const DEPLOYMENTS: Record<string, () => Promise<Deployment>> = {
  'the embedded database': async () => {
    const service = await startEmbedded(ONE_A_DAY);
    return { urls: [service.url], stop: () => service.stop().then(() => undefined) };
  },
  'PostgreSQL without Redis': async () => {
    const database = await (await testServers.postgres()).createDatabase();
    const service = await startEmbedded({ ...ONE_A_DAY, DATABASE_URL: database.url });
    const stop = async (): Promise<void> => {
      await service.stop();
      await database.drop();
    };
    return { urls: [service.url], stop };
  },
  'two instances on PostgreSQL and Redis': async () => {
    const { a, b, stop } = await startCluster(ONE_A_DAY);
    return { urls: [a.url, b.url], stop };
  },
};

/** Where it says so in the three places that clients look. */
function expectQuotaExceeded({ headers, body }: Answer<unknown>): void {
  expect(body).toMatchObject({
    code: 'quota-exceeded',
    type: '/problems/quota-exceeded',
    kind: 'text',
    limit: 1,
  });
  const seconds = headers.get('retry-after');
  expect(Number(seconds)).toBeGreaterThan(0);
  expect((body as Problem).retryAfterMs).toBeGreaterThan(0);
  expect(headers.get('ratelimit')).toMatch(
    new RegExp(`^"burst";r=\\d+;t=\\d+, "text-daily";r=0;t=${seconds}$`),
  );
  expect(headers.get('ratelimit-policy')).toContain('"text-daily";q=1;w=86400');
}

describe.each(Object.keys(DEPLOYMENTS))('with one message left, on %s', (name) => {
  let deployment: Deployment | undefined;
  let person: Person;
  let at: Person[];

  beforeAll(async () => {
    deployment = await DEPLOYMENTS[name]!();
    person = await newPerson(deployment.urls[0]!);
    at = deployment.urls.map((url) => person.at(url));
  }, START_MS);

  afterAll(() => deployment?.stop(), START_MS);

  /** Many at once, spread over five conversations with the character and over the instances. */
  async function sendAtOnce(
    character: Character,
    reply: Record<string, unknown>,
  ): Promise<{ accepted: Answer<Posted>[]; refused: Answer<unknown>[]; ids: string[] }> {
    const conversations: Conversation[] = [];
    for (let index = 0; index < 5; index += 1) conversations.push(await person.converse(character.id));
    const ids = Array.from({ length: SENDS }, () => randomUUID());
    const answers = await Promise.all(
      ids.map((id, index) =>
        at[index % at.length]!.say(conversations[index % 5]!.id, 'Now or never', reply, id),
      ),
    );
    return {
      accepted: answers.filter(({ status }) => status < 300),
      refused: answers.filter(({ status }) => status >= 300),
      ids,
    };
  }

  test.each([
    ['stored', 201, { mode: 'none' }],
    ['answered', 202, { queue: true }],
  ])(`of ${SENDS} messages to be %s at once exactly one passes`, async (_what, status, reply) => {
    const character = await newCharacter(person);
    const { accepted, refused } = await sendAtOnce(character, reply);
    expect(accepted.map((answer) => answer.status)).toEqual([status]);
    expect([...new Set(refused.map((answer) => answer.status))]).toEqual([429]);
    refused.forEach(expectQuotaExceeded);

    const { message, generation } = accepted[0]!.body;
    if (generation) await person.follow(generation);
    for (const reader of at) {
      expect(await reader.usageOf(character.id)).toEqual({ used: 1, reserved: 0, limit: 1, remaining: 0 });
    }
    const again = await at
      .at(-1)!
      .say(message.conversationId, 'Now or never', reply, message.clientMessageId!);
    expect(expectStatus(status, again).message).toEqual(message);
    expect(again.headers.get('ratelimit')).toMatch(/, "text-daily";r=0;/);
  });

  test('that is told to the devices of the user once, and counted in the statistics at once', async () => {
    const character = await newCharacter(person);
    const { id: conversationId } = await person.converse(character.id);
    const device = await LiveSocket.connect(deployment!.urls.at(-1)!, person.token);
    const said = { conversationId, clientMessageId: randomUUID(), text: 'Hello', reply: { mode: 'none' } };
    const sent = await device.get<Sent & { rateLimits: object[] }>('message:send', said);
    expect(sent.rateLimits).toMatchObject([
      { name: 'burst', w: 60 },
      { name: 'text-daily', q: 1, w: 86_400, qu: 'messages', r: 0 },
      { name: 'audio-daily', r: 5 },
      { name: 'media-daily', r: 5 },
    ]);
    const about = { characterId: character.id };
    const ofThis = ({ data }: { data: object }): boolean =>
      (data as typeof about).characterId === character.id;
    expect((await device.hears('usage.updated', ofThis)).data).toMatchObject({
      ...about,
      counters: { text: { used: 1, reserved: 0, limit: 1, remaining: 0 } },
    });
    expect((await device.hears('usage.limit', ofThis)).data).toMatchObject({
      ...about,
      kind: 'text',
      percent: 100,
    });
    expect(device.heard.filter((event) => event.type === 'usage.limit' && ofThis(event))).toHaveLength(1);
    device.close();

    for (const reader of at) {
      const path = `/api/usage/aggregates?window=hour&characterId=${character.id}`;
      const { buckets } = expectStatus(200, await reader.get<{ buckets: { text: number }[] }>(path));
      expect(buckets.reduce((sum, { text }) => sum + text, 0)).toBe(1);
    }
  });

  test('another character has an allowance of its own', async () => {
    const { id } = await person.converse((await newCharacter(person)).id);
    expectStatus(201, await person.say(id, 'Hello', { mode: 'none' }));
    expectQuotaExceeded(await person.say(id, 'Hello again', { mode: 'none' }));
  });

  test('who becomes premium is at once without a limit, and still counted', async () => {
    const character = await newCharacter(person);
    const { id } = await person.converse(character.id);
    expectStatus(201, await person.say(id, 'The only one', { mode: 'none' }));
    const admin = new Api(person.url, await adminToken(person.user.id));
    expectStatus(200, await admin.put(`/api/admin/users/${person.user.id}/tier`, { tier: 'premium' }));
    for (const sender of at) expectStatus(201, await sender.say(id, 'And another', { mode: 'none' }));
    for (const reader of at) {
      expect(await reader.usageOf(character.id)).toEqual({
        used: 1 + at.length,
        reserved: 0,
        limit: null,
        remaining: null,
      });
    }
  });
});
