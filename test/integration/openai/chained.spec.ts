import { newCharacter, newPerson, expectStatus, type Person } from '../../support/api-client.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';
import { testServers } from '../../support/test-servers.js';

interface Key {
  id: string;
  secret: string;
}

const keyOf = async (person: Person): Promise<Key> =>
  expectStatus(
    201,
    await person.post<Key>('/api/auth/api-keys', { name: 'another service', scopes: ['chat'] }),
  );

describe('one service behind another', () => {
  let back: RunningApp;
  let front: RunningApp;
  let grace: Person;
  let ada: Person;
  let answering: string;

  beforeAll(async () => {
    back = await startApp({ AI_CONTEXT_WINDOW: '2048' });
    grace = await newPerson(back.url);
    answering = (await newCharacter(grace, 'Grace')).id;
    front = await startApp({
      AI_BASE_URL: `${back.url}/openai/v1`,
      AI_API_KEY: (await keyOf(grace)).secret,
      AI_MODEL: `character:${answering}`,
    });
    ada = await newPerson(front.url);
  }, START_MS);
  afterAll(async () => {
    await front.close();
    await back.close();
  });

  it('has its replies made there, streamed, and counted on both', async () => {
    const character = await newCharacter(ada);
    const conversation = await ada.converse(character.id);
    const { generation } = expectStatus(202, await ada.say(conversation.id, 'Good evening!'));
    const { events, text, last } = await ada.follow(generation);
    expect(last.event).toBe('reply.completed');
    expect(text).toMatch(/\S/);
    expect(events.filter(({ event }) => event === 'reply.delta').length).toBeGreaterThan(0);
    expect(await ada.usageOf(character.id)).toMatchObject({ used: 1 });
    expect(await grace.usageOf(answering)).toMatchObject({ used: 1, reserved: 0 });
  });

  it('passes a refusal on as a failure of the model, and costs nothing', async () => {
    const character = await newCharacter(ada);
    const used = (await grace.usageOf(answering)).used;
    const conversation = await ada.converse(character.id);
    const { status, body } = await ada.say(conversation.id, 'word '.repeat(1_700), { mode: 'sync' });
    expect([status, body]).toMatchObject([502, { code: 'upstream-failed' }]);
    expect(JSON.stringify(body)).toContain('context_length_exceeded');
    expect(await ada.usageOf(character.id)).toMatchObject({ used: 0, reserved: 0 });
    expect(await grace.usageOf(answering)).toMatchObject({ used, reserved: 0 });
  });

  it('is found healthy by the list of models', async () => {
    const { checks } = (await ada.get<{ checks: { ai: { status: string } } }>('/readyz')).body;
    expect(checks.ai.status).toBe('up');
  });
});

describe('an API key that is deleted on one instance', () => {
  let instances: RunningApp[];
  let ada: Person;

  beforeAll(async () => {
    const { url: DATABASE_URL } = await (await testServers.postgres()).createDatabase();
    const settings = {
      DATABASE_URL,
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `test-${crypto.randomUUID()}`,
    };
    const first = await startApp(settings);
    instances = [first, await startApp(settings)];
    ada = await newPerson(first.url);
  }, START_MS);
  afterAll(() => Promise.all(instances.map((instance) => instance.close())));

  it('opens nothing on another from that moment on', async () => {
    const [one, other] = instances.map(({ url }) => url) as [string, string];
    for (let round = 0; round < 5; round++) {
      const { id, secret } = await keyOf(ada);
      const ask = async (url: string): Promise<number> =>
        (await fetch(`${url}/openai/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;
      expect([await ask(one), await ask(other)]).toEqual([200, 200]);
      expect((await ada.delete(`/api/auth/api-keys/${id}`)).status).toBe(204);
      expect([await ask(other), await ask(one)]).toEqual([401, 401]);
    }
  });

  it('opens nothing once its owner has closed the account', async () => {
    const { secret } = await keyOf(ada);
    const url = instances[0]?.url ?? '';
    const ask = async (): Promise<number> =>
      (await fetch(`${url}/openai/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await ask()).toBe(200);
    expect((await ada.delete('/api/users/me')).status).toBe(202);
    expect(await ask()).toBe(401);
  });
});
