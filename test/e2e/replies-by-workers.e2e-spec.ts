import { randomBytes } from 'node:crypto';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { newCharacter, newPerson, readReply, type Person } from '../support/api-client.js';
import { startModelServer, type ModelServer } from '../support/model-server.js';
import type { PostgresDatabase } from '../support/postgres-server.js';
import { START_MS, startBuilt, startWorker, type BuiltService, type Settings } from '../support/service.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';
import { testServers } from '../support/test-servers.js';

interface Usage {
  counters: { text: { used: number } };
}

describe('replies that workers make', () => {
  let database: PostgresDatabase;
  let api: BuiltService;
  let worker: Awaited<ReturnType<typeof startWorker>>;
  let modelOfApi: ModelServer;
  let modelOfWorker: ModelServer;
  let person: Person;
  let characterId: string;
  let conversationId: string;

  beforeAll(async () => {
    database = await (await testServers.postgres()).createDatabase();
    [modelOfApi, modelOfWorker] = await Promise.all([startModelServer(), startModelServer()]);
    const shared: Settings = {
      DATABASE_URL: database.url,
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `e2e-${randomBytes(6).toString('hex')}`,
      AUTH_SECRET: randomBytes(32).toString('base64'),
      PAGINATION_SECRET: randomBytes(32).toString('base64'),
      AI_MODEL: 'echo',
      REPLIES: 'worker',
      RUN_JOBS: 'false',
    };
    [api, worker] = await Promise.all([
      startBuilt({ ...shared, AI_BASE_URL: modelOfApi.url }),
      startWorker({ ...shared, AI_BASE_URL: modelOfWorker.url }),
    ]);
    person = await newPerson(api.url);
    characterId = (await newCharacter(person)).id;
    conversationId = (await person.converse(characterId)).id;
  }, START_MS);
  afterAll(async () => {
    await Promise.all([api.stop(), worker.stop()]);
    await Promise.all([database.drop(), modelOfApi.stop(), modelOfWorker.stop()]);
  });

  const used = async (): Promise<number> => {
    const { body } = await person.get<Usage>(`/api/usage/characters/${characterId}`);
    return body.counters.text.used;
  };

  it('a message over a socket is answered through the queue, streamed, and counted once', async () => {
    const before = await used();
    const socket = await LiveSocket.connect(api.url, person.token);
    const { generation } = await socket.get<Sent>('message:send', {
      conversationId,
      clientMessageId: 'one',
      text: 'over the socket',
    });
    const completed = await socket.hears('reply.completed');
    expect(socket.deltasOf(generation.id).length).toBeGreaterThan(1);
    expect(completed.data.message).toMatchObject({ text: socket.textOf(generation.id) });
    expect([modelOfWorker.asked, modelOfApi.asked]).toEqual([['over the socket'], []]);
    expect(await used()).toBe(before + 1);
    socket.socket.disconnect();
  });

  it('and so is one over REST, as a stream, and whole', async () => {
    const before = await used();
    const { generation } = (await person.say(conversationId, 'as a stream')).body;
    const { last } = await readReply(await person.events(generation.eventsUrl));
    expect(last).toMatchObject({ event: 'reply.completed' });
    const whole = await person.post<{ reply: { text: string } }>(
      `/api/conversations/${conversationId}/messages`,
      { clientMessageId: 'whole', text: 'as a whole', reply: { mode: 'sync' } },
    );
    expect(whole.body.reply.text).toContain('as a whole');
    expect([modelOfWorker.asked.slice(-2), modelOfApi.asked]).toEqual([['as a stream', 'as a whole'], []]);
    expect(await used()).toBe(before + 2);
  });

  it('is cancelled at the API while a worker makes it', async () => {
    const { generation } = (await person.say(conversationId, 'Tell me at length')).body;
    const stream = readReply(await person.events(generation.eventsUrl));
    const socket = await LiveSocket.connect(api.url, person.token);
    await socket.get('conversation:join', { conversationId });
    await socket.hears('reply.delta');
    const began = performance.now();
    const { status, body } = await person.post<{ text: string }>(
      `/api/generations/${generation.id}/cancel`,
      {},
    );
    expect([status, performance.now() - began < 3_000]).toEqual([200, true]);
    expect(await stream).toMatchObject({ text: body.text, last: { event: 'reply.completed' } });
    socket.socket.disconnect();
  });

  // Takes as long as it takes to notice that a process is gone.
  if (!FULL_SIZE) return;

  it('fails in the open when its worker is killed; without workers the API makes replies itself', async () => {
    const { generation } = (await person.say(conversationId, 'Tell me at length')).body;
    const stream = readReply(await person.events(generation.eventsUrl));
    const socket = await LiveSocket.connect(api.url, person.token);
    await socket.get('conversation:join', { conversationId });
    await socket.hears('reply.delta');
    await worker.kill();
    const other = await person.converse(characterId);
    const next = (await person.say(other.id, 'and without')).body;
    const answered = readReply(await person.events(next.generation.eventsUrl));
    expect(await stream).toMatchObject({ last: { event: 'reply.failed' } });
    expect(await answered).toMatchObject({ last: { event: 'reply.completed' } });
    expect(modelOfApi.asked).toEqual(['and without']);
    socket.socket.disconnect();
  }, 60_000);
});
