import { io } from 'socket.io-client';
import {
  expectStatus,
  newCharacter,
  newPerson,
  type Conversation,
  type Person,
} from '../support/api-client.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';
import { LiveSocket } from '../support/socket-client.js';

let service: Service;
let person: Person;
let conversation: Conversation;
let socket: LiveSocket;

beforeAll(async () => {
  service = await startEmbedded();
  person = await newPerson(service.url);
  conversation = await person.converse((await newCharacter(person)).id);
}, START_MS);

afterAll(() => service?.stop());

beforeEach(async () => {
  socket = await LiveSocket.connect(service.url, person.token);
});

// It has stood all that was sent to it.
afterEach(async () => {
  await socket.get('conversation:join', { conversationId: conversation.id });
  socket.close();
});

test('a connection without a token, with none that is one, or in another protocol is refused with a problem', async () => {
  const connect = (token: string | undefined, auth = {}) => LiveSocket.connect(service.url, token, auth);
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
  const polling = io(service.url, { auth: { token: person.token }, transports: ['polling'], forceNew: true });
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
  expect(ack).toMatchObject({ ok: false, error: { code, type: `/problems/${code}`, instance: event } });
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
  const other = await LiveSocket.connect(service.url, person.token);
  const closed = new Promise((resolve) => other.socket.once('disconnect', resolve));
  other.socket.emit('message:send', { text: 'a'.repeat(1_500_000) });
  await closed;
  expectStatus(200, await person.get('/api/users/me'));
});
