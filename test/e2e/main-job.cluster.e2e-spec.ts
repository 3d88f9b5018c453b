import { randomUUID } from 'node:crypto';
import { expectStatus, newCharacter, newPerson, readReply, saidIn } from '../support/api-client.js';
import type { Character, Conversation, Message, Person, ServerEvent, User } from '../support/api-client.js';
import { startCluster, StatementLog, type Cluster } from '../support/cluster.js';
import { START_MS } from '../support/service.js';
import { startModelServer, type ModelServer } from '../support/model-server.js';
import { LiveSocket } from '../support/socket-client.js';
import { mainJob } from './main-job.js';

const ROUNDS = 10;

let model: ModelServer;
let log: StatementLog;
let cluster: Cluster;

beforeAll(async () => {
  model = await startModelServer();
  log = await StatementLog.start();
  // A busy machine must not turn hits into reads of the source: it is counted what PostgreSQL sees.
  const settings = { AI_BASE_URL: model.url, AI_MODEL: 'echo', CACHE_DEADLINE: '5s' };
  cluster = await startCluster(settings, log.url);
}, START_MS);

afterAll(async () => {
  await cluster?.stop();
  await log?.stop();
  await model?.stop();
}, START_MS);

describe('the main job on two instances', () => {
  mainJob(() => ({ a: cluster.a.url, b: cluster.b.url }));
});

describe('two instances are one service', () => {
  let onA: Person;
  let onB: Person;
  let ada: Character;
  let conversation: Conversation;

  beforeAll(async () => {
    onA = await newPerson(cluster.a.url);
    onB = onA.at(cluster.b.url);
    ada = await newCharacter(onA);
  });

  beforeEach(async () => {
    conversation = await onA.converse(ada.id);
  });

  test('a message sent through one, and its reply, are heard by a socket on the other', async () => {
    const socket = await LiveSocket.connect(cluster.b.url, onA.token);
    await socket.get('conversation:join', { conversationId: conversation.id });
    const { message, generation } = expectStatus(202, await onA.say(conversation.id, 'Across'));
    await socket.hears('message.created', ({ data }) => data.message?.id === message.id);
    const { data } = await socket.hears(
      'reply.completed',
      (event) => event.data.generationId === generation.id,
    );
    expect(socket.deltasOf(generation.id).length).toBeGreaterThan(1);
    expect(socket.textOf(generation.id)).toBe((data.message as Message).text);
    socket.close();
  });

  test('a change through one is what the very next read on the other shows', async () => {
    const path = `/api/characters/${ada.id}`;
    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.all([onA, onB].flatMap((reader) => [reader.get(path), reader.get('/api/users/me')]));
      const name = `Ada ${round}`;
      const [writer, reader] = round % 2 ? [onA, onB] : [onB, onA];
      expectStatus(200, await writer.patch(path, { name }));
      expect((await reader.get<Character>(path)).body.name).toBe(name);
      expectStatus(200, await writer.patch('/api/users/me', { displayName: name }));
      expect((await reader.get<User>('/api/users/me')).body.displayName).toBe(name);
    }
  });

  test('a message through one is in the very next read on the other', async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const [writer, reader] = round % 2 ? [onA, onB] : [onB, onA];
      await reader.messages(conversation.id);
      const { message } = expectStatus(201, await writer.say(conversation.id, `${round}`, { mode: 'none' }));
      expect((await reader.messages(conversation.id)).at(-1)).toEqual(message);
    }
  });

  test('a reply generated on one is followed on the other', async () => {
    const { generation } = expectStatus(202, await onA.say(conversation.id, 'Follow me'));
    const { text, last } = await onB.follow(generation);
    expect(last).toMatchObject({ event: 'reply.completed', data: { message: { text } } });
  });

  test('a reply that runs on one is cancelled through the other', async () => {
    const { generation } = expectStatus(202, await onA.say(conversation.id, 'Tell me at length'));
    const { events } = await onA.events(generation.eventsUrl);
    let cancelled: Promise<{ status: number }> | undefined;
    let last = '';
    for await (const { event } of events) {
      if (event === 'reply.delta') cancelled ??= onB.post(`/api/generations/${generation.id}/cancel`);
      last = event;
    }
    expect([(await cancelled)?.status, last]).toEqual([200, 'reply.completed']);
  });

  test('a message repeated through the other instance is the same message with one reply', async () => {
    const clientMessageId = randomUUID();
    const asked = model.asked.length;
    const [first, again] = await Promise.all(
      [onA, onB].map((person) => person.say(conversation.id, 'Only once', undefined, clientMessageId)),
    );
    const { message, generation } = expectStatus(202, first!);
    expect(expectStatus(202, again!)).toMatchObject({ message, generation: { id: generation.id } });
    await onB.follow(generation);
    const messages = await onA.messages(conversation.id);
    expect(messages.map(({ role }) => role)).toEqual(['character', 'user', 'character']);
    expect(model.asked.slice(asked)).toEqual(['Only once']);
  });

  test('PostgreSQL itself sees no statement for a repeated read, and sees the one after a change', async () => {
    const read = `/api/users/${onA.user.id}`;
    // Besides, each instance asks now and then whose accounts were closed.
    const aboutUsers = (statements: string[]): string[] =>
      statements.filter((sql) => /\busers\b/.test(sql) && !/"erased_at" IS NULL/.test(sql));
    await Promise.all([onA.get(read), onB.get(read)]);
    const repeated = await log.during(async () => {
      for (let round = 0; round < ROUNDS; round += 1) await Promise.all([onA.get(read), onB.get(read)]);
    });
    expect(aboutUsers(repeated)).toEqual([]);
    const changed = await log.during(async () => {
      await onA.patch('/api/users/me', { bio: 'new' });
      expect((await onB.get<{ bio: string }>(read)).body.bio).toBe('new');
    });
    expect(aboutUsers(changed).length).toBeGreaterThan(0);
  });

  test('when one is killed in the middle of a reply, the other goes on and ends that reply', async () => {
    const { generation } = expectStatus(202, await onB.say(conversation.id, 'Tell me at length'));
    const following = await onA.events(generation.eventsUrl);
    let killed = false;
    const heard: [string, ServerEvent['data']][] = [];
    for await (const { event, data } of following.events) {
      heard.push([event, data]);
      if (event !== 'reply.delta' || killed) continue;
      killed = true;
      await cluster.b.kill();
      const other = await onA.converse(ada.id);
      const { text } = await readReply(
        await onA.events(expectStatus(202, await onA.say(other.id, 'Still there?')).generation.eventsUrl),
      );
      expect(text).toContain('Still there?');
    }
    expect(heard.at(-1)?.[0]).toBe('reply.failed');
    expect((await onA.messages(conversation.id)).at(-1)).toMatchObject({
      role: 'character',
      status: 'failed',
      text: saidIn(heard),
    });
  }, 60_000);
});
