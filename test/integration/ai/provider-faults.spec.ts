import {
  expectStatus,
  newCharacter,
  newPerson,
  type Character,
  type Conversation,
  type Person,
} from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { startModelServer, type ModelServer } from '../../support/model-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';

/** As long as a server of the usual settings may be silent, in small. */
const STALL_MS = 1_000;

interface Fault {
  /** What the model server is told to do. */
  said: string;
  code: string;
  /** What the character had said by then, and is kept. */
  kept: string;
  retryAfterMs?: number;
}

const FAULTS: [what: string, fault: Fault][] = [
  ['hangs up in the middle', { said: 'hang up', code: 'upstream-failed', kept: 'You said: hang up' }],
  [
    'falls silent in the middle',
    { said: 'say no more', code: 'upstream-timeout', kept: 'You said: say no more' },
  ],
  ['never says a word', { said: 'say nothing', code: 'upstream-timeout', kept: '' }],
  ['answers 429', { said: 'too many', code: 'upstream-failed', kept: '', retryAfterMs: 7_000 }],
  ['answers 500', { said: 'refuse', code: 'upstream-failed', kept: '' }],
  ['answers 200 with an error', { said: 'wrong body', code: 'upstream-failed', kept: '' }],
  ['sends choices that say nothing', { said: 'empty choices', code: 'upstream-failed', kept: '' }],
];

describe('a model server that', () => {
  let models: ModelServer;
  let service: RunningApp;
  let ada: Person;
  let character: Character;
  let conversation: Conversation;

  beforeAll(async () => {
    models = await startModelServer();
    service = await startApp({
      AI_BASE_URL: models.url,
      AI_MODEL: 'tiny',
      AI_STALL_TIMEOUT: `${STALL_MS}ms`,
    });
    ada = await newPerson(service.url);
    character = await newCharacter(ada);
  }, START_MS);
  // A message that was not answered is told to the model again, together with the next one.
  beforeEach(async () => {
    conversation = await ada.converse(character.id);
  });
  afterAll(async () => {
    await service.close();
    await models.stop();
  });

  it.each(FAULTS)('%s', async (_what, { said, code, kept, retryAfterMs }) => {
    const before = await ada.usageOf(character.id);
    const { generation } = expectStatus(202, await ada.say(conversation.id, said));
    const { events, last, text } = await ada.follow(generation);

    // One clear end, with what was said until then.
    const ends = events.filter(({ event }) => /^reply\.(?:completed|failed)$/.test(event));
    expect(ends).toEqual([last]);
    expect(last).toMatchObject({ event: 'reply.failed', data: { error: { code }, text: kept } });
    expect(last.data.error?.retryAfterMs).toBe(retryAfterMs);
    expect(text).toBe(kept);
    const replies = (await ada.messages(conversation.id)).filter(
      ({ generationId }) => generationId === generation.id,
    );
    expect(replies.map((reply) => [reply.status, reply.text])).toEqual(
      kept === '' ? replies.map(() => ['failed', '']) : [['failed', kept]],
    );

    // Charged once if a word came, given back otherwise.
    const charged = kept === '' ? 0 : 1;
    expect(await ada.usageOf(character.id)).toMatchObject({ used: before.used + charged, reserved: 0 });

    // Nothing holds the connection, and the model is asked again.
    await eventually('the connection to be let go of', () => Promise.resolve(models.open === 0 || undefined));
    const next = await ada.converse(character.id);
    const { reply } = expectStatus(200, await ada.say(next.id, 'Hello again', { mode: 'sync' }));
    expect(reply.text).toContain('Hello again');
  });

  it.each([
    ['sends no end mark', 'no mark'],
    ['tears characters apart', 'in halves'],
  ])('%s is understood all the same, and charged once', async (_what, said) => {
    const before = await ada.usageOf(character.id);
    const { reply } = expectStatus(200, await ada.say(conversation.id, said, { mode: 'sync' }));
    expect(reply).toMatchObject({
      status: 'completed',
      text: expect.stringContaining(`You said: ${said} 🙂🎉 .`),
    });
    expect(await ada.usageOf(character.id)).toMatchObject({ used: before.used + 1, reserved: 0 });
  });

  it('is asked the same twice answers twice: replies are never cached', async () => {
    const asked = models.asked.length;
    const { reply: first } = expectStatus(
      200,
      await ada.say((await ada.converse(character.id)).id, 'The same', { mode: 'sync' }),
    );
    const { reply: second } = expectStatus(
      200,
      await ada.say((await ada.converse(character.id)).id, 'The same', { mode: 'sync' }),
    );
    expect(second.text).toBe(first.text);
    expect(models.requests.at(-1)).toEqual(models.requests.at(-2));
    expect(models.asked).toHaveLength(asked + 2);
  });
});
