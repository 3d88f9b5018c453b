import { randomUUID } from 'node:crypto';
import { newCharacter, newPerson, type Conversation, type Person } from '../support/api-client.js';
import { sharedService, START_MS } from '../support/service.js';
import { LiveSocket, type LiveEvent } from '../support/socket-client.js';

interface Resumed {
  stream: string;
  epoch: string | null;
  status: 'ok' | 'gap' | 'reset' | 'forbidden';
  from: number | null;
  to: number | null;
  events: LiveEvent[];
  hasMore: boolean;
  snapshot: string | null;
}

let url: string;
let person: Person;
let stranger: Person;
let conversation: Conversation;
let stream: string;
const sockets: LiveSocket[] = [];

beforeAll(async () => {
  url = await sharedService();
  [person, stranger] = await Promise.all([newPerson(url), newPerson(url)]);
}, START_MS);
beforeEach(async () => {
  conversation = await person.converse((await newCharacter(person)).id);
  stream = `conversation:${conversation.id}`;
});
afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));

async function connect(who: Person = person): Promise<LiveSocket> {
  const socket = await LiveSocket.connect(url, who.token);
  sockets.push(socket);
  return socket;
}

async function resume(socket: LiveSocket, ...streams: object[]): Promise<Resumed[]> {
  return (await socket.get<{ streams: Resumed[] }>('sync:resume', { streams })).streams;
}

const say = (socket: LiveSocket, text: string): Promise<{ message: { id: string; seq: number } }> =>
  socket.get('message:send', {
    conversationId: conversation.id,
    clientMessageId: randomUUID(),
    text,
    reply: { mode: 'none' },
  });

const seqsOf = (events: readonly LiveEvent[]): (number | null)[] =>
  events.filter((event) => event.stream === stream).map(({ seq }) => seq);

describe('sync:resume', () => {
  test('replays exactly what was missed, and what follows comes live', async () => {
    const [away, sender] = [await connect(), await connect()];
    const [joined] = await resume(away, { stream });
    expect(joined).toMatchObject({ stream, status: 'ok', events: [], hasMore: false });
    await say(sender, 'one');
    const seen = await away.hears('message.created');
    away.close();
    await say(sender, 'two');
    await say(sender, 'three');
    const back = await connect();
    const [missed] = await resume(back, { stream, epoch: seen.epoch, after: seen.seq });
    expect(missed).toMatchObject({ status: 'ok', from: seen.seq! + 1, to: seen.seq! + 2 });
    expect(seqsOf(missed!.events)).toEqual([seen.seq! + 1, seen.seq! + 2]);
    await say(sender, 'four');
    const live = await back.hears('message.created', ({ seq }) => seq === seen.seq! + 3);
    expect(live.epoch).toBe(seen.epoch);
    expect(seqsOf(back.heard)).toEqual([seen.seq! + 3]);
  });

  test('has no hole, no repetition and no reorder at the seam while messages keep coming', async () => {
    const [sender, reader] = [await connect(), await connect()];
    const sending = (async () => {
      for (let index = 0; index < 30; index++) await say(sender, `message ${index}`);
    })();
    await sender.hears('message.created');
    const [page] = await resume(reader, { stream, after: 0 });
    await sending;
    await reader.hears('message.created', ({ data }) => data.message?.text === 'message 29');
    const all = [...seqsOf(page!.events), ...seqsOf(reader.heard)];
    expect(all).toEqual(Array.from({ length: all.length }, (_, index) => index + 1));
  });

  test('sends nothing newer of a stream before the client has asked for every page', async () => {
    const sender = await connect();
    // In portions: a socket may have 64 events under way.
    for (let round = 0; round < 7; round++) {
      await Promise.all(Array.from({ length: 30 }, (_, index) => say(sender, `${round}.${index}`)));
    }
    const reader = await connect();
    const [first] = await resume(reader, { stream, after: 0 });
    expect(first).toMatchObject({ status: 'ok', from: 1, to: 200, hasMore: true });
    await say(sender, 'meanwhile');
    await sender.hears('message.created', ({ data }) => data.message?.text === 'meanwhile');
    expect(seqsOf(reader.heard)).toEqual([]);
    const [second] = await resume(reader, { stream, epoch: first!.epoch, after: 200 });
    expect(second).toMatchObject({ status: 'ok', from: 201, hasMore: false });
    await say(sender, 'after');
    await reader.hears('message.created', ({ data }) => data.message?.text === 'after');
    const rest = [...seqsOf(second!.events), ...seqsOf(reader.heard)];
    expect(rest).toEqual(Array.from({ length: rest.length }, (_, index) => 201 + index));
  }, 30_000);

  test('says reset for an epoch it does not know, and where to go on from', async () => {
    const socket = await connect();
    await say(socket, 'hello');
    const [present] = await resume(socket, { stream });
    const [answer] = await resume(socket, { stream, epoch: 'another', after: 3 });
    expect(answer).toEqual({
      stream,
      status: 'reset',
      epoch: present!.epoch,
      from: present!.to,
      to: present!.to,
      events: [],
      hasMore: false,
      snapshot: `/api/conversations/${conversation.id}/messages`,
    });
    expect((await person.get(answer!.snapshot!)).status).toBe(200);
  });

  test('tells a stranger the same about a stream of others as about one that does not exist', async () => {
    const socket = await connect(stranger);
    const streams = [
      stream,
      `conversation:${randomUUID()}`,
      `user:${person.user.id}`,
      'nothing:1',
      'user',
      '__proto__:1',
    ];
    const answers = await resume(socket, ...streams.map((name) => ({ stream: name })));
    for (const [index, answer] of answers.entries()) {
      expect(answer).toEqual({
        stream: streams[index],
        status: 'forbidden',
        epoch: null,
        from: null,
        to: null,
        events: [],
        hasMore: false,
        snapshot: null,
      });
    }
    await say(await connect(), 'secret');
    expect(seqsOf(socket.heard)).toEqual([]);
  });

  test("follows a user's own stream, where devices hear of each other", async () => {
    const [phone, laptop] = [await connect(), await connect()];
    const [own] = await resume(phone, { stream: `user:${person.user.id}` });
    expect(own).toMatchObject({ status: 'ok', snapshot: '/api/users/me' });
    await person.patch('/api/users/me', { bio: `hello ${randomUUID()}` });
    for (const device of [phone, laptop]) {
      const event = await device.hears('user:updated');
      expect(event).toMatchObject({ stream: `user:${person.user.id}`, data: { userId: person.user.id } });
    }
  });

  test('refuses what is not a list of positions, or too many of them', async () => {
    const socket = await connect();
    for (const payload of [
      {},
      { streams: [] },
      { streams: 'all' },
      { streams: [{}] },
      { streams: [{ stream, after: -1 }] },
      { streams: [{ stream, after: '1' }] },
      { streams: [{ stream, epoch: 7 }] },
      { streams: Array.from({ length: 21 }, () => ({ stream })) },
    ]) {
      expect(await socket.ask('sync:resume', payload)).toMatchObject({
        ok: false,
        error: { code: 'validation-failed' },
      });
    }
    expect(await socket.ask('sync:ack', { stream, seq: 1 })).toMatchObject({ ok: true });
  });

  test('of a conversation that was deleted ends: its room is over for everybody', async () => {
    const [one, two] = [await connect(), await connect()];
    await resume(one, { stream });
    await person.delete(`/api/conversations/${conversation.id}`);
    const gone = await one.hears('conversation.deleted');
    expect(gone.data).toEqual({ conversationId: conversation.id });
    expect(await resume(two, { stream })).toMatchObject([{ status: 'forbidden' }]);
  });
});

test('reply:regenerate sent twice is one other variant', async () => {
  const socket = await connect();
  const sent = await socket.get<{ message: { id: string }; generation: { id: string } }>('message:send', {
    conversationId: conversation.id,
    clientMessageId: randomUUID(),
    text: 'Hello',
  });
  const ends = (id: string): Promise<LiveEvent> =>
    socket.hears('reply.completed', ({ data }) => data.generationId === id);
  await ends(sent.generation.id);
  const request = { messageId: sent.message.id, clientRequestId: randomUUID() };
  const first = await socket.get<{ generation: { id: string }; duplicate: boolean }>(
    'reply:regenerate',
    request,
  );
  expect(first.duplicate).toBe(false);
  await ends(first.generation.id);
  expect(await socket.get('reply:regenerate', request)).toMatchObject({
    generation: { id: first.generation.id },
    duplicate: true,
  });
  const other = await connect(stranger);
  expect(await other.ask('reply:regenerate', { ...request, clientRequestId: randomUUID() })).toMatchObject({
    error: { code: 'not-found' },
  });
});
