import { randomUUID } from 'node:crypto';
import { expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import type { Character, Conversation, Page, Person, Posted, Problem } from '../support/api-client.js';
import { startModelServer, type ModelServer } from '../support/model-server.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';

let model: ModelServer;
let service: Service;
let person: Person;
let ada: Character;
let conversation: Conversation;

beforeAll(async () => {
  model = await startModelServer();
  service = await startEmbedded({ AI_BASE_URL: model.url, AI_MODEL: 'echo' });
  person = await newPerson(service.url);
}, START_MS);

afterAll(async () => {
  await service?.stop();
  await model?.stop();
});

beforeEach(async () => {
  ada = await newCharacter(person);
  conversation = await person.converse(ada.id);
});

describe('a clientMessageId sent again', () => {
  /** One message, one reply, one charge. */
  async function expectOnce(generation: { eventsUrl: string }): Promise<void> {
    await person.follow(generation);
    const roles = (await person.messages(conversation.id)).map(({ role }) => role);
    expect(roles).toEqual(['character', 'user', 'character']);
    expect(await person.usageOf(ada.id)).toMatchObject({ used: 1, reserved: 0 });
  }

  test('is the same message with the same reply, before and after that has ended', async () => {
    const clientMessageId = randomUUID();
    const send = () => person.say(conversation.id, 'Hello', undefined, clientMessageId);
    const { message, generation } = expectStatus(202, await send());
    expect(expectStatus(202, await send())).toMatchObject({ message, generation: { id: generation.id } });
    await person.follow(generation);
    expect(expectStatus(202, await send())).toMatchObject({ message, generation: { id: generation.id } });
    await expectOnce(generation);
  });

  test('20 times at once is one message and one charge', async () => {
    const clientMessageId = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => person.say(conversation.id, 'Hello', undefined, clientMessageId)),
    );
    const all = answers.map((answer) => expectStatus(202, answer));
    expect(new Set(all.map(({ message }) => message.id)).size).toBe(1);
    expect(new Set(all.map(({ generation }) => generation.id)).size).toBe(1);
    await expectOnce(all[0]!.generation);
  });

  test('over a socket says that it is a duplicate', async () => {
    const clientMessageId = randomUUID();
    const { message, generation } = expectStatus(
      202,
      await person.say(conversation.id, 'Hello', undefined, clientMessageId),
    );
    const socket = await LiveSocket.connect(service.url, person.token);
    const draft = { conversationId: conversation.id, clientMessageId, text: 'Hello' };
    const again = await socket.get<Sent>('message:send', draft);
    expect(again).toMatchObject({
      duplicate: true,
      message: { id: message.id },
      generation: { id: generation.id },
    });
    socket.close();
    await expectOnce(generation);
  });

  test('by somebody else, or in another conversation, is another message', async () => {
    const clientMessageId = randomUUID();
    const other = await newPerson(service.url);
    const theirs = await other.converse(ada.id);
    const second = await person.converse(ada.id);
    const ids = [
      await person.say(conversation.id, 'Hello', { mode: 'none' }, clientMessageId),
      await person.say(second.id, 'Hello', { mode: 'none' }, clientMessageId),
      await other.say(theirs.id, 'Hello', { mode: 'none' }, clientMessageId),
    ].map((answer) => expectStatus(201, answer).message.id);
    expect(new Set(ids).size).toBe(3);
  });
});

describe('an Idempotency-Key', () => {
  const start = (key: string, who = person, characterId = ada.id) =>
    who.post<Conversation>('/api/conversations', { characterId }, { 'idempotency-key': key });

  test('used again gives the first answer and does nothing', async () => {
    const key = randomUUID();
    const first = await start(key);
    // RFC 8941 string and bare token are the same key.
    const again = await start(`"${key}"`);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const list = await person.get<Page<Conversation>>(`/api/conversations?characterId=${ada.id}`);
    expect(list.body.items).toHaveLength(2);
  });

  test('used for another body is refused', async () => {
    const key = randomUUID();
    expectStatus(201, await start(key));
    const reused = await start(key, person, (await newCharacter(person)).id);
    expect(reused.status).toBe(422);
    expect(reused.body).toMatchObject({
      code: 'idempotency-key-reused',
      type: '/problems/idempotency-key-reused',
    });
  });

  test('is one’s own: another person’s same key acts for them', async () => {
    const key = randomUUID();
    const mine = expectStatus(201, await start(key));
    const theirs = await start(key, await newPerson(service.url));
    expect(theirs.headers.get('idempotency-replayed')).toBeNull();
    expect(expectStatus(201, theirs).id).not.toBe(mine.id);
  });

  test('whose first request is still in progress is told to wait a second, and then gets its answer', async () => {
    const socket = await LiveSocket.connect(service.url, person.token);
    await socket.get('conversation:join', { conversationId: conversation.id });
    const key = { 'idempotency-key': randomUUID() };
    const draft = { clientMessageId: randomUUID(), text: 'Tell me at length', reply: { mode: 'sync' } };
    const send = () => person.post<Posted>(`/api/conversations/${conversation.id}/messages`, draft, key);
    const first = send();
    const { data } = await socket.hears('reply.delta');
    const early = await send();
    expect([early.status, early.headers.get('retry-after')]).toEqual([409, '1']);
    expect((early.body as unknown as Problem).code).toBe('request-in-progress');
    await person.post(`/api/generations/${data.generationId}/cancel`);
    const { reply } = expectStatus(200, await first);
    expect(reply).toMatchObject({ status: 'cancelled' });
    const late = await send();
    expect(expectStatus(200, late).reply).toEqual(reply);
    expect(late.headers.get('idempotency-replayed')).toBe('true');
    socket.close();
  });
});
