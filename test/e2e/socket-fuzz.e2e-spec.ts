import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { Api, newCharacter, newPerson, type Conversation, type Person } from '../support/api-client.js';
import { START_MS, startBuilt, type BuiltService } from '../support/service.js';
import { LiveSocket, type Ack } from '../support/socket-client.js';

/** Every event that a client may send (docs/realtime.md), and some that it may not. */
const EVENTS = [
  'sync:resume',
  'sync:ack',
  'conversation:join',
  'conversation:leave',
  'message:send',
  'message:edit',
  'message:delete',
  'reply:cancel',
  'reply:regenerate',
  'receipt:read',
  'typing:set',
  'presence:set',
  'presence:ping',
  'auth:refresh',
  'no:such-event',
  '__proto__',
  'constructor',
  'toString',
];
const RUNS = FULL_SIZE ? 1_000 : 25;
const MAX_GROWTH_BYTES = 150 * 1024 * 1024;

let service: BuiltService;
let person: Person;
let conversation: Conversation;

beforeAll(async () => {
  service = await startBuilt({ USAGE_FREE_TEXT_PER_DAY: '100000', SOCKET_MAX_PER_USER: '50' });
  person = await newPerson(service.url);
  conversation = await person.converse((await newCharacter(person)).id);
}, START_MS);
afterAll(() => service?.stop());

const id = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constant(conversation.id),
    fc.uuid(),
    fc.constantFrom(
      '',
      'null',
      '../..',
      "' OR 1=1 --",
      '\u0000',
      '💥',
      conversation.id.toUpperCase(),
      7,
      null,
    ),
  );

/** Shaped like what the events take, with anything in every place. */
const payload = (): fc.Arbitrary<unknown> => {
  const anything = fc.anything({ maxDepth: 3, withBigInt: false, withDate: true, withTypedArray: true });
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), anything);
  const known = {
    conversationId: id(),
    messageId: id(),
    generationId: id(),
    clientMessageId: text,
    clientRequestId: text,
    text,
    reply: fc.oneof(anything, fc.record({ mode: fc.constantFrom('none', 'stream', 'sync', 'x') })),
    attachments: anything,
    seq: fc.oneof(fc.integer(), fc.double(), anything),
    typing: fc.oneof(fc.boolean(), anything),
    state: fc.oneof(fc.constantFrom('online', 'idle', 'gone'), anything),
    token: text,
    streams: fc.oneof(
      anything,
      fc.array(
        fc.record(
          {
            stream: fc.oneof(
              id().map((of) => `conversation:${String(of)}`),
              text,
            ),
            epoch: text,
            after: fc.oneof(fc.integer(), fc.maxSafeInteger(), anything),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 30 },
      ),
    ),
    stream: text,
    after: fc.oneof(fc.integer(), anything),
    epoch: text,
  };
  return fc.oneof(
    { weight: 6, arbitrary: fc.record(known, { requiredKeys: [] }) },
    { weight: 2, arbitrary: anything },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 60_000, max: 900_000 }).map((length) => ({ text: 'a'.repeat(length) })),
    },
  );
};

const residentBytes = async (): Promise<number> => {
  const response = await new Api(service.url).fetch('/metrics');
  const [, value = ''] = /^\w*process_resident_memory_bytes (\S+)$/m.exec(await response.text()) ?? [];
  return Number(value);
};

/** What a payload becomes on the wire; what has no JSON is not sent. */
function sendable(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

test(
  'whatever a client sends is acknowledged with data or with a problem, and the service is as it was',
  async () => {
    const before = await residentBytes();
    expect(before).toBeGreaterThan(0);
    let socket = await LiveSocket.connect(service.url, person.token);
    for (const event of EVENTS) {
      await fc.assert(
        fc.asyncProperty(payload(), async (sent) => {
          fc.pre(sendable(sent));
          if (!socket.socket.connected) socket = await LiveSocket.connect(service.url, person.token);
          const answer = await socket.ask(event, sent).catch((error: Error) => error);
          if (answer instanceof Error) {
            // A packet that the protocol itself does not allow ends the connection, cleanly, and nothing else.
            expect(socket.socket.connected).toBe(false);
            return;
          }
          expectAnswer(event, answer);
        }),
        { numRuns: RUNS, seed: 20261121 },
      );
    }
    socket.close();
    const alive = await LiveSocket.connect(service.url, person.token);
    await alive.get('message:send', {
      conversationId: conversation.id,
      clientMessageId: randomUUID(),
      text: 'still here',
      reply: { mode: 'none' },
    });
    alive.close();
    expect(service.output()).not.toMatch(/"level":(50|60)|unhandled/i);
    expect((await residentBytes()) - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
  START_MS,
);

function expectAnswer(event: string, answer: Ack<unknown>): void {
  if (answer.ok) return;
  const { error } = answer;
  expect(error).toMatchObject({
    type: `/problems/${error.code}`,
    title: expect.any(String),
    instance: event,
  });
  // Nothing that a client says is the service's fault.
  expect(error.status).toBeGreaterThanOrEqual(400);
  expect(error.status).toBeLessThan(500);
}
