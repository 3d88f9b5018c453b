import { randomUUID } from 'node:crypto';
import { expectStatus, newCharacter, newPerson, readReply } from '../support/api-client.js';
import type {
  Character,
  Conversation,
  Generation,
  Message,
  Person,
  Posted,
  Problem,
  ServerEvent,
} from '../support/api-client.js';
import { startModelServer, type ModelServer } from '../support/model-server.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';

let model: ModelServer;
let service: Service;
let person: Person;
let stranger: Person;
let ada: Character;
let conversation: Conversation;
let messagesPath: string;

beforeAll(async () => {
  model = await startModelServer();
  service = await startEmbedded({
    AI_BASE_URL: model.url,
    AI_MODEL: 'echo',
    // Longer than the model is held up on a busy machine.
    AI_STALL_TIMEOUT: '3s',
    USAGE_FREE_TEXT_PER_DAY: '1000',
  });
  [person, stranger] = await Promise.all([newPerson(service.url), newPerson(service.url)]);
}, START_MS);

afterAll(async () => {
  await service?.stop();
  await model?.stop();
});

beforeEach(async () => {
  ada = await newCharacter(person);
  conversation = await person.converse(ada.id);
  messagesPath = `/api/conversations/${conversation.id}/messages`;
});

/** Sends and waits for the stored reply. */
async function exchange(text: string): Promise<{ message: Message; reply: Message; generation: Generation }> {
  const { message, generation } = expectStatus(202, await person.say(conversation.id, text));
  const { last } = await person.follow(generation);
  return { message, generation, reply: last.data.message as Message };
}

describe('the event stream of a reply', () => {
  test('goes on after whichever event the client saw last, and ends at once for who saw all', async () => {
    const { generation } = await exchange('Hello');
    const { events } = await person.follow(generation);
    expect(events.length).toBeGreaterThan(3);
    for (const [index, { id }] of events.entries()) {
      const seen = events.slice(0, index + 1);
      const byHeader = await person.events(generation.eventsUrl, { headers: { 'last-event-id': id! } });
      const byQuery = await person.events(`${generation.eventsUrl}?after=${id}`);
      if (seen.length === events.length) {
        expect([byHeader.status, byQuery.status]).toEqual([204, 204]);
      } else {
        expect((await readReply(byHeader, seen)).events).toEqual(events);
        expect((await readReply(byQuery, seen)).events).toEqual(events);
      }
    }
  });

  test('resumed while the reply still runs has neither holes nor repetitions', async () => {
    const { generation } = expectStatus(202, await person.say(conversation.id, 'Tell me at length'));
    const first: ServerEvent[] = [];
    const cut = new AbortController();
    const { events } = await person.events(generation.eventsUrl, { signal: cut.signal });
    for await (const event of events) {
      first.push(event);
      if (first.length === 4) break;
    }
    cut.abort();
    const headers = { 'last-event-id': first.at(-1)!.id! };
    const resumed = await person.events(generation.eventsUrl, { headers });
    await person.post(`/api/generations/${generation.id}/cancel`);
    const whole = await readReply(resumed, first);
    const ids = whole.events.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(whole.text).toBe(whole.last.data.message?.text);
  });

  test('is served as one that no proxy keeps', async () => {
    const { generation } = await exchange('Hello');
    const { headers, status } = await person.events(generation.eventsUrl);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/event-stream');
    expect(headers.get('cache-control')).toContain('no-store');
    expect(headers.get('x-accel-buffering')).toBe('no');
  });

  test('is not there for anybody else, nor is the reply itself', async () => {
    const { generation } = await exchange('Hello');
    const path = `/api/generations/${generation.id}`;
    expect((await stranger.events(generation.eventsUrl)).status).toBe(404);
    expect((await stranger.get(path)).status).toBe(404);
    expect((await stranger.post(`${path}/cancel`)).status).toBe(404);
  });

  test('is the answer to the message itself where the client accepts nothing else', async () => {
    const stream = await person.events(messagesPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ clientMessageId: randomUUID(), text: 'Hello' }),
    });
    const { text, last } = await readReply(stream);
    expect(last).toMatchObject({ event: 'reply.completed', data: { message: { text } } });
    expect((await person.messages(conversation.id)).at(-1)).toEqual(last.data.message);
  });
});

describe('a message', () => {
  test('in mode sync is answered with the whole reply', async () => {
    const { message, reply, usage } = expectStatus(
      200,
      await person.say(conversation.id, 'Hello', { mode: 'sync' }),
    );
    expect(reply).toMatchObject({ role: 'character', parentId: message.id, status: 'completed' });
    expect(usage.completionTokens).toBeGreaterThan(0);
  });

  test('while a reply is being generated is refused, and with queue: true answered in its turn', async () => {
    const running = expectStatus(202, await person.say(conversation.id, 'Tell me at length'));
    const refused = await person.say(conversation.id, 'And?');
    expect(refused.status).toBe(409);
    expect((refused.body as unknown as Problem).code).toBe('generation-active');
    const queued = [];
    for (const text of ['first', 'second']) {
      queued.push(expectStatus(202, await person.say(conversation.id, text, { queue: true })).generation);
    }
    await person.post(`/api/generations/${running.generation.id}/cancel`);
    for (const generation of queued)
      expect((await person.follow(generation)).last.event).toBe('reply.completed');
    const replies = (await person.messages(conversation.id))
      .filter(({ role }) => role === 'character')
      .slice(2);
    expect(replies.map(({ text }) => /You said: (\w+)/.exec(text)?.[1])).toEqual(['first', 'second']);
  });

  test('can be edited and taken back by its sender alone', async () => {
    const { message, reply } = await exchange('Hello');
    const path = `${messagesPath}/${message.id}`;
    const edited = expectStatus(200, await person.patch<Message>(path, { text: 'Goodbye' }));
    expect(edited).toMatchObject({ id: message.id, text: 'Goodbye', editedAt: expect.any(String) });
    expect((await person.messages(conversation.id))[1]).toEqual(edited);
    expect((await person.patch(`${messagesPath}/${reply.id}`, { text: 'Not yours' })).status).toBe(403);
    expect((await stranger.patch(path, { text: 'Not yours' })).status).toBe(404);
    expect((await stranger.delete(path)).status).toBe(404);
    expect((await person.delete(path)).status).toBe(204);
    expect((await person.messages(conversation.id)).map(({ id }) => id)).not.toContain(message.id);
    expect((await person.delete(path)).status).toBe(404);
  });

  test('that two people send word for word is put to the model twice', async () => {
    const other = await stranger.converse(ada.id);
    const asked = model.asked.length;
    const text = 'The very same words';
    expectStatus(200, await person.say(conversation.id, text, { mode: 'sync' }));
    expectStatus(200, await stranger.say(other.id, text, { mode: 'sync' }));
    const second = await person.converse(ada.id);
    expectStatus(200, await person.say(second.id, text, { mode: 'sync' }));
    expect(model.asked.slice(asked)).toEqual([text, text, text]);
  });
});

describe('a reply', () => {
  test('generated again is a variant beside the first, and either can be chosen', async () => {
    const { reply } = await exchange('Hello');
    const variants = `${messagesPath}/${reply.id}/regenerations`;
    const { generation: again } = expectStatus(202, await person.post<Posted>(variants, {}));
    const variant = (await person.follow(again)).last.data.message as Message;
    expect(variant).toMatchObject({ parentId: reply.parentId, role: 'character' });
    expect(variant.id).not.toBe(reply.id);
    const shown = async () => (await person.messages(conversation.id)).slice(2).map(({ id }) => id);
    expect(await shown()).toEqual([variant.id]);
    const choose = { variantId: reply.id };
    expectStatus(200, await person.put(`${messagesPath}/${variant.id}/active-variant`, choose));
    expect(await shown()).toEqual([reply.id]);
  });

  test('is cancelled once, however often that is asked for, and not after its end', async () => {
    const { generation } = expectStatus(202, await person.say(conversation.id, 'Tell me at length'));
    const cancel = () => person.post<Generation>(`/api/generations/${generation.id}/cancel`);
    const [first, second] = await Promise.all([cancel(), cancel()]);
    const third = await cancel();
    expect(expectStatus(200, first)).toMatchObject({ status: 'cancelled' });
    expect([second.body, third.body]).toEqual([first.body, first.body]);
    const { events } = await person.follow(generation);
    expect(events.filter(({ event }) => event === 'reply.completed')).toHaveLength(1);

    conversation = await person.converse(ada.id);
    const ended = (await exchange('Hello')).generation;
    const late = await person.post<Problem>(`/api/generations/${ended.id}/cancel`);
    expect([late.status, late.body.code]).toEqual([409, 'already-completed']);
  });

  test.each([
    ['answers 500', 'refuse', 'upstream-failed', 502],
    ['says nothing in time', 'say nothing', 'upstream-timeout', 504],
  ])('fails and costs nothing when the model %s', async (_how, text, code, status) => {
    const { generation } = expectStatus(202, await person.say(conversation.id, text));
    const { last, events } = await person.follow(generation);
    expect(events.map(({ event }) => event)).toEqual(['reply.started', 'reply.failed']);
    expect(last.data).toMatchObject({ error: { code, status }, text: '' });
    expect(await person.usageOf(ada.id)).toMatchObject({ used: 0, reserved: 0 });
    expect((await person.messages(conversation.id)).at(-1)).toMatchObject({ role: 'user', text });
    const sync = await person.say(conversation.id, text, { mode: 'sync' });
    expect([sync.status, (sync.body as unknown as Problem).code]).toEqual([status, code]);
  });

  test('that breaks off is kept as far as it got, and is charged', async () => {
    const { generation } = expectStatus(202, await person.say(conversation.id, 'hang up'));
    const { last, text } = await person.follow(generation);
    expect(last).toMatchObject({ event: 'reply.failed', data: { text, error: { code: 'upstream-failed' } } });
    expect(text).toBe('You said: hang up');
    expect((await person.messages(conversation.id)).at(-1)).toMatchObject({ text, status: 'failed' });
    expect(await person.usageOf(ada.id)).toMatchObject({ used: 1, reserved: 0 });
  });
});
