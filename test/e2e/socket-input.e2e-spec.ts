import { io } from 'socket.io-client';
import {
  expectStatus,
  newCharacter,
  newPerson,
  type Conversation,
  type Person,
} from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { sharedService, START_MS } from '../support/service.js';
import { LiveSocket } from '../support/socket-client.js';
import { forgeToken } from '../support/tokens.js';

/** Lists in lists. */
function nested(levels: number): unknown {
  let inner: unknown = 1;
  for (let level = 0; level < levels; level++) inner = [inner];
  return inner;
}

const reasonOf = ({ socket }: LiveSocket): Promise<string> =>
  new Promise((resolve) => socket.once('disconnect', resolve));

let url: string;
let person: Person;
let conversation: Conversation;
let socket: LiveSocket;

beforeAll(async () => {
  url = await sharedService();
  person = await newPerson(url);
  conversation = await person.converse((await newCharacter(person)).id);
}, START_MS);

beforeEach(async () => {
  socket = await LiveSocket.connect(url, person.token);
});

// It has stood all that was sent to it.
afterEach(async () => {
  await socket.get('conversation:join', { conversationId: conversation.id });
  socket.close();
});

test('a connection without a token, with none that is one, or in another protocol is refused with a problem', async () => {
  const connect = (token: string | undefined, auth = {}) => LiveSocket.connect(url, token, auth);
  await expect(connect(undefined)).rejects.toMatchObject({ data: { status: 401, code: 'unauthenticated' } });
  await expect(connect('garbage')).rejects.toMatchObject({ data: { code: 'unauthenticated' } });
  await expect(connect(undefined, { token: { a: 1 } })).rejects.toMatchObject({
    data: { code: 'unauthenticated' },
  });
  await expect(connect(person.token, { protocol: 99 })).rejects.toMatchObject({
    data: { status: 400, code: 'protocol-unsupported' },
  });
});

test('the first thing that a connected client hears is the server’s hello', async () => {
  const hello = await socket.hears('server:hello');
  expect(hello).toBe(socket.heard[0]);
});

test('long polling works as well as a websocket', async () => {
  const polling = io(url, { auth: { token: person.token }, transports: ['polling'], forceNew: true });
  await new Promise((resolve, reject) =>
    polling.once('connect', () => resolve(undefined)).once('connect_error', reject),
  );
  const where = { conversationId: conversation.id };
  expect(await polling.timeout(10_000).emitWithAck('conversation:join', where)).toMatchObject({ ok: true });
  polling.disconnect();
});

test.each([
  ['an event that nobody knows', 'no:such-event', [{}], 'not-found'],
  ['an event named like a method of objects', 'constructor', [{}], 'not-found'],
  ['an event named like the prototype of objects', '__proto__', [{}], 'not-found'],
  ['an event that the protocol has a meaning for', 'error', [{}], 'not-found'],
  ['an event with a name of 10,000 letters', 'x'.repeat(10_000), [{}], 'not-found'],
  ['two payloads', 'message:send', [{ text: 'a' }, { text: 'b' }], 'validation-failed'],
  ['100 KB of binary data', 'message:send', [{ text: Buffer.alloc(100_000) }], 'payload-too-large'],
  ['1,000 levels of brackets', 'message:send', [nested(1_000)], 'validation-failed'],
  ['no payload', 'message:send', [], 'validation-failed'],
  ['null', 'message:send', [null], 'validation-failed'],
  ['a text', 'message:send', ['hello'], 'validation-failed'],
  ['a number', 'message:send', [5], 'validation-failed'],
  ['a list', 'message:send', [[1, 2]], 'validation-failed'],
  ['binary data', 'message:send', [Buffer.from('hello')], 'validation-failed'],
  ['binary data inside', 'message:send', [{ text: Buffer.from('hello') }], 'validation-failed'],
  ['an unknown field', 'conversation:leave', [{ noSuchField: 1 }], 'validation-failed'],
  [
    'fields of wrong types',
    'message:send',
    [{ conversationId: 1, text: {}, clientMessageId: [] }],
    'validation-failed',
  ],
  ['100 KB', 'message:send', [{ text: 'a'.repeat(100_000) }], 'payload-too-large'],
  [
    'an id that nothing has',
    'reply:cancel',
    [{ generationId: '019ac000-0000-7000-8000-000000000000' }],
    'not-found',
  ],
])('%s is answered with a problem', async (_what, event, payload, code) => {
  const ack = await socket.ask(event, ...payload);
  expect(ack).toMatchObject({
    ok: false,
    error: { code, type: `/problems/${code}`, instance: event.slice(0, 100) },
  });
});

test('faults are named by field', async () => {
  const draft = { conversationId: conversation.id, clientMessageId: 5, text: 'a' };
  expect(await socket.ask('message:send', draft)).toMatchObject({
    error: {
      errors: expect.arrayContaining([expect.objectContaining({ pointer: '#/clientMessageId' })]) as object,
    },
  });
});

test('without an ack function the problem comes as an event', async () => {
  socket.socket.emit('no:such-event', {});
  const heard = await socket.hears('error');
  expect(heard).toMatchObject({ event: 'no:such-event', error: { code: 'not-found' } });
});

test('a message without an ack function is stored all the same', async () => {
  const draft = {
    conversationId: conversation.id,
    clientMessageId: 'no ack',
    text: 'No ack',
    reply: { mode: 'none' },
  };
  socket.socket.emit('message:send', draft);
  const { data } = await socket.hears(
    'message.created',
    (event) => event.data.message?.clientMessageId === 'no ack',
  );
  expect((await person.messages(conversation.id)).at(-1)).toEqual(data.message);
});

test('a message of NUL characters and lone surrogates does no harm', async () => {
  const send = (text: string, clientMessageId: string) =>
    socket.ask('message:send', {
      conversationId: conversation.id,
      clientMessageId,
      text,
      reply: { mode: 'none' },
    });
  expect(await send('a\u0000b', 'nul')).toMatchObject({ ok: false, error: { status: 400 } });
  const lone = await send('a\ud800b', 'lone');
  expect(lone.ok || lone.error.status === 400).toBe(true);
});

test('a packet beyond 1 MiB closes the connection and nothing else', async () => {
  const other = await LiveSocket.connect(url, person.token);
  const closed = new Promise((resolve) => other.socket.once('disconnect', resolve));
  other.socket.emit('message:send', { text: 'a'.repeat(1_500_000) });
  await closed;
  expectStatus(200, await person.get('/api/users/me'));
});

test('10,000 events in one breath end the connection, with a last word about why', async () => {
  const flooding = await LiveSocket.connect(url, person.token);
  const ended = reasonOf(flooding);
  for (let number = 0; number < 10_000; number++) flooding.socket.emit('no:such-event', { number });
  expect(await ended).toBe('io server disconnect');
  expect(flooding.heard.at(-1)).toMatchObject({ type: 'error', error: { code: 'rate-limited' } });
  expectStatus(200, await person.get('/api/users/me'));
});

test('a user may have twenty connections here, and another when one has ended', async () => {
  const other = await newPerson(url);
  const connect = (): Promise<LiveSocket> => LiveSocket.connect(url, other.token);
  const sockets = await Promise.all(Array.from({ length: 20 }, connect));
  await expect(connect()).rejects.toMatchObject({ data: { status: 429, code: 'rate-limited' } });
  sockets.pop()?.close();
  sockets.push(await eventually('a place', () => connect().catch(() => undefined)));
  sockets.forEach((each) => each.close());
});

describe('a token that ends', () => {
  const connectFor = async (seconds: number): Promise<LiveSocket> =>
    LiveSocket.connect(url, await forgeToken({ subject: person.user.id, expiresIn: seconds }));

  test('ends the connection, after a warning', async () => {
    const short = await connectFor(2);
    const ended = reasonOf(short);
    await short.hears('auth:expiring', (event) => 'expiresAt' in event);
    expect(short.heard[0]?.type).toBe('server:hello');
    expect(await ended).toBe('io server disconnect');
  });

  test('is followed by the next of the same user, and by nobody else’s', async () => {
    const short = await connectFor(30);
    await short.hears('auth:expiring');
    const [own, foreign] = await Promise.all([
      forgeToken({ subject: person.user.id, expiresIn: 300 }),
      forgeToken({ subject: '019ac000-0000-7000-8000-000000000000', expiresIn: 300 }),
    ]);
    expect(await short.ask('auth:refresh', { token: foreign })).toMatchObject({
      error: { code: 'forbidden' },
    });
    expect(await short.ask('auth:refresh', { token: 'garbage' })).toMatchObject({
      error: { code: 'unauthenticated' },
    });
    const { expiresAt } = await short.get<{ expiresAt: string }>('auth:refresh', { token: own });
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 200_000);
    short.close();
  });
});

describe('who is typing', () => {
  const where = (): object => ({ conversationId: conversation.id });
  const typing = (event: { data: object }): string[] => (event.data as { userIds: string[] }).userIds;
  let other: LiveSocket;

  beforeEach(async () => {
    other = await LiveSocket.connect(url, person.token);
    await other.get('conversation:join', where());
  });
  afterEach(() => other.close());

  test('is told to who follows the conversation, once in two seconds, and until the socket has gone', async () => {
    const third = await LiveSocket.connect(url, person.token);
    for (let again = 0; again < 5; again++) await third.get('typing:set', { ...where(), typing: true });
    const told = await other.hears('typing.updated');
    expect([told.seq, typing(told)]).toEqual([null, [person.user.id]]);
    third.close();
    await other.hears('typing.updated', (event) => typing(event).length === 0);
    expect(other.heard.filter(({ type }) => type === 'typing.updated')).toHaveLength(2);
  });

  test('needs no ack, and is nobody else’s business', async () => {
    socket.socket.volatile.emit('typing:set', { ...where(), typing: true });
    await other.hears('typing.updated');
    const stranger = await newPerson(url);
    const strange = await LiveSocket.connect(url, stranger.token);
    const ack = await strange.ask('typing:set', { ...where(), typing: true });
    expect(ack).toMatchObject({ ok: false, error: { code: 'not-found' } });
    strange.close();
  });
});

test('a user’s devices hear whether the user is there', async () => {
  const other = await newPerson(url);
  const first = await LiveSocket.connect(url, other.token);
  await first.get('presence:ping', {});
  await first.get('presence:set', { state: 'idle' });
  const idle = await first.hears('presence.updated', ({ data }) => 'state' in data && data.state === 'idle');
  expect(idle).toMatchObject({ seq: null, data: { userId: other.user.id } });
  const second = await LiveSocket.connect(url, other.token);
  await first.hears('presence.updated', (event) => first.heard.indexOf(event) > first.heard.indexOf(idle));
  for (const each of [first, second]) each.close();
});
