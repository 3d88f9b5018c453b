import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { v7 } from 'uuid';
import { CharactersService } from '../../../src/characters/characters.service.js';
import { ConversationStarts } from '../../../src/conversations/conversation-starts.service.js';
import { ConversationsService } from '../../../src/conversations/conversations.service.js';
import {
  CANCEL_REQUESTED,
  endsReply,
  generationStream,
} from '../../../src/conversations/conversations.events.js';
import { GenerationEntity } from '../../../src/conversations/generations/generation.entity.js';
import { GenerationRunner } from '../../../src/conversations/generations/generation-runner.service.js';
import { GenerationsRepository } from '../../../src/conversations/generations/generations.repository.js';
import { GenerationsService } from '../../../src/conversations/generations/generations.service.js';
import { PromptsService } from '../../../src/conversations/generations/prompts.service.js';
import { ReplyEvents } from '../../../src/conversations/generations/reply-events.service.js';
import type { PostMessage } from '../../../src/conversations/messages/messages.dto.js';
import { MessageLog, type Posted } from '../../../src/conversations/messages/message-log.service.js';
import { MessagesService } from '../../../src/conversations/messages/messages.service.js';
import { MessagesRepository } from '../../../src/conversations/messages/messages.repository.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { Database } from '../../../src/platform/database/database.js';
import type { LogEvent } from '../../../src/platform/events/event-log.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { UsageService } from '../../../src/usage/usage.service.js';
import { UsersService } from '../../../src/users/users.service.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { START_MS } from '../../support/service.js';

const places: [string, Record<string, string>][] = [
  ['on the embedded database', { DATABASE_URL: '' }],
  ['on PostgreSQL', {}],
];

describe.each(places)('generations %s', (_where, settings) => {
  let running: RunningApp;
  let app: NestFastifyApplication;
  let actor: Actor;
  let characterId: string;
  let conversation: { id: string; userId: string; characterId: string };
  let log: MessageLog;
  let rows: GenerationsRepository;

  beforeAll(async () => {
    running = await startApp({ USAGE_FREE_TEXT_PER_DAY: '1000', ...settings });
    ({ app } = running);
    log = app.get(MessageLog, { strict: false });
    rows = app.get(GenerationsRepository, { strict: false });
    const user = await app
      .get(UsersService, { strict: false })
      .create({ email: 'ada@example.org', username: 'ada', passwordHash: 'x' });
    actor = { id: user.id, role: 'user' };
    const character = await app.get(CharactersService, { strict: false }).create(actor, { name: 'Echo' });
    characterId = character.id;
  }, START_MS);
  afterAll(async () => {
    await running.close();
  });
  beforeEach(async () => {
    const started = await app.get(ConversationStarts, { strict: false }).start(actor, { characterId });
    conversation = started.conversation;
  });

  const draft = (text: string, reply?: PostMessage['reply']): PostMessage => ({
    clientMessageId: newId(),
    text,
    reply,
  });
  const used = async (): Promise<{ used: number; reserved: number }> =>
    (await app.get(UsageService, { strict: false }).counters(actor, characterId)).counters.text;
  const ask = async (text: string): Promise<Posted & { generation: GenerationEntity }> => {
    const posted = await log.append(conversation, actor, draft(text, { queue: true }));
    if (!posted.generation) throw new Error('no reply was asked for');
    return { ...posted, generation: posted.generation };
  };
  /** As if the process that had it were gone. */
  const abandon = async (id: string, change: Partial<GenerationEntity>): Promise<void> => {
    const { manager } = app.get(Database, { strict: false });
    await manager.update(GenerationEntity, { id }, {
      ...change,
      heartbeatAt: new Date(Date.now() - 60_000),
    } as never);
  };
  const terminalEvents = async (id: string): Promise<LogEvent[]> => {
    const { events } = await app.get(EventLog, { strict: false }).read(generationStream(id), { after: 0 });
    return events.filter(({ type }) => endsReply(type));
  };
  const untilEnded = async (id: string): Promise<GenerationEntity> => {
    const events = app.get(EventLog, { strict: false });
    for await (const followed of events.follow(
      generationStream(id),
      { after: 0 },
      AbortSignal.timeout(20_000),
    )) {
      if (followed.kind === 'event' && endsReply(followed.event.type)) break;
    }
    const row = await rows.find(id);
    if (!row) throw new Error('the generation is gone');
    return row;
  };

  it('numbers parallel messages without holes and stores each once', async () => {
    const drafts = Array.from({ length: 15 }, (_, index) => draft(String(index), { mode: 'none' }));
    const posted = await Promise.all(
      [...drafts, ...drafts].map((one) => log.append(conversation, actor, one)),
    );
    expect(new Set(posted.map(({ message }) => message.id)).size).toBe(15);
    expect(posted.filter(({ duplicate }) => duplicate)).toHaveLength(15);
    const window = await app
      .get(MessagesRepository, { strict: false })
      .window(conversation.id, { limit: 100 });
    expect(window.map(({ seq }) => seq)).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
  });

  it('lets one of many parallel questions be answered; the others are told to wait', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => log.append(conversation, actor, draft(`${index}?`))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(9);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'generation-active' });
  });

  it('ends once, whoever ends it, with one message and one terminal event', async () => {
    const { generation } = await ask('Who ends you?');
    const outcomes = app.get(GenerationsService, { strict: false });
    const ended = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        outcomes.conclude(generation, {
          status: 'cancelled',
          text: `ended by ${index}`,
          finishReason: 'cancelled',
          charged: false,
        }),
      ),
    );
    expect(ended.filter(Boolean)).toHaveLength(1);
    expect(await terminalEvents(generation.id)).toHaveLength(1);
    const window = await app
      .get(MessagesRepository, { strict: false })
      .window(conversation.id, { limit: 100 });
    expect(window.map(({ role }) => role)).toEqual(['user', 'character']);
  });

  it('is finished as failed when its process died: the partial text is kept, the question stays charged', async () => {
    const { generation } = await ask('Will you die?');
    await app
      .get(UsageService, { strict: false })
      .commit(generation.reservationId ?? '', { eventId: generation.id });
    const before = await used();
    await abandon(generation.id, { status: 'streaming', text: 'I was just about to' });
    const ended = await untilEnded(generation.id);
    expect(ended).toMatchObject({
      status: 'failed',
      text: 'I was just about to',
      error: { code: 'unavailable' },
    });
    const message = await app
      .get(MessagesRepository, { strict: false })
      .find(conversation.id, generation.replyMessageId);
    expect(message).toMatchObject({ status: 'failed', text: 'I was just about to' });
    expect(await used()).toEqual(before);
  });

  it('gives the question back when its process died before the first word', async () => {
    const before = await used();
    const { generation } = await ask('Anybody?');
    await abandon(generation.id, { status: 'streaming', text: '' });
    await untilEnded(generation.id);
    expect(await used()).toMatchObject({ used: before.used, reserved: before.reserved });
  });

  it('is answered by another process when the one that stored the question died at once', async () => {
    const { generation } = await ask('Will somebody answer?');
    await abandon(generation.id, {});
    const ended = await untilEnded(generation.id);
    expect(ended).toMatchObject({ status: 'completed' });
    expect(ended.text.length).toBeGreaterThan(0);
  });

  it('puts a reply where its question stands when the next question came first', async () => {
    const first = await ask('first question');
    const second = await ask('second question');
    await app.get(GenerationsService, { strict: false }).conclude(first.generation, {
      status: 'completed',
      text: 'first answer',
      finishReason: 'stop',
      charged: true,
    });
    const { prompt } = await app.get(PromptsService, { strict: false }).forGeneration(second.generation);
    const said = prompt.messages
      .filter(({ source }) => source === 'history' || source === 'message')
      .map(({ content }) => content);
    expect(said).toEqual(['first question', 'first answer', 'second question']);
  });

  it('does not see what was deleted or what an edit replaced', async () => {
    const first = await log.append(conversation, actor, draft('my secret', { mode: 'none' }));
    const second = await log.append(conversation, actor, draft('my tpyo', { mode: 'none' }));
    const question = await ask('What did I say?');
    const promptNow = async (): Promise<string> => {
      const { prompt } = await app.get(PromptsService, { strict: false }).forGeneration(question.generation);
      return prompt.messages.map(({ content }) => content).join('\n');
    };
    expect(await promptNow()).toContain('my secret');
    await log.remove(conversation, actor, first.message.id);
    await log.edit(conversation, actor, second.message.id, 'my typo');
    const now = await promptNow();
    expect(now).not.toContain('my secret');
    expect(now).not.toContain('my tpyo');
    expect(now).toContain('my typo');
  });

  it('are stopped with their conversation, give the question back and are not there any more', async () => {
    const before = await used();
    const streaming = await ask('Go on');
    const queued = await ask('And then?');
    expect(await rows.claim(streaming.generation.id, 'elsewhere')).toBe(true);
    await app.get(ConversationsService, { strict: false }).remove(actor, conversation.id, undefined);
    expect((await rows.find(streaming.generation.id))?.cancelRequestedAt).not.toBeNull();
    expect((await rows.find(queued.generation.id))?.status).toBe('cancelled');
    expect(await used()).toEqual({ ...before, reserved: before.reserved + 1, remaining: expect.any(Number) });
    const outcomes = app.get(GenerationsService, { strict: false });
    for (const { generation } of [streaming, queued]) {
      await expect(outcomes.get(actor, generation.id)).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  it('end for their followers also when the process died between storing the end and telling it', async () => {
    const { generation } = await ask('Hello?');
    const dead = jest.spyOn(app.get(EventLog, { strict: false }), 'tell').mockResolvedValue('kept');
    await log.conclude(conversation, generation, {
      status: 'completed',
      text: 'Hi.',
      finishReason: 'stop',
      charged: true,
    });
    const told = [];
    const follow = app
      .get(ReplyEvents, { strict: false })
      .fromStart(generation.id, AbortSignal.timeout(25_000));
    for await (const { event, data } of follow) told.push({ event, data });
    expect(told).toEqual([
      { event: 'reply.snapshot', data: { generationId: generation.id, offset: 0, text: 'Hi.' } },
      { event: 'reply.completed', data: expect.objectContaining({ finishReason: 'stop' }) },
    ]);
    dead.mockRestore();
  });

  it('are taken over also when one before them cannot be', async () => {
    const outcomes = app.get(GenerationsService, { strict: false });
    const conclude = outcomes.concludeAbandoned.bind(outcomes);
    const first = await ask('first');
    const other = await app.get(ConversationStarts, { strict: false }).start(actor, { characterId });
    const { generation } = await log.append(other.conversation, actor, draft('second'));
    for (const { id } of [first.generation, generation!]) await abandon(id, { status: 'streaming' });
    const concluding = jest
      .spyOn(outcomes, 'concludeAbandoned')
      .mockImplementation((orphan, end) =>
        orphan.id === first.generation.id ? Promise.reject(new Error('cannot')) : conclude(orphan, end),
      );
    await app.get(GenerationRunner, { strict: false })['recover']();
    concluding.mockRestore();
    expect((await rows.find(generation!.id))?.status).toBe('failed');
  });

  it('are not taken over before their processes could show that they live, where the database was away', async () => {
    const { generation } = await ask('Go on');
    expect(await rows.claim(generation.id, 'elsewhere')).toBe(true);
    await abandon(generation.id, { status: 'streaming' });
    const runner = app.get(GenerationRunner, { strict: false });
    const recover = runner['recover'].bind(runner);
    const byItself = jest.spyOn(runner as unknown as { recover(): Promise<void> }, 'recover');
    byItself.mockResolvedValue();
    runner['lookedAt'] = performance.now() - 10_000;
    await recover();
    expect((await rows.find(generation.id))?.status).toBe('streaming');
    await recover();
    expect((await rows.find(generation.id))?.status).toBe('failed');
    byItself.mockRestore();
  });

  it('tells what lies beyond an empty window', async () => {
    for (const text of ['one', 'two']) await log.append(conversation, actor, draft(text, { mode: 'none' }));
    const messages = app.get(MessagesService, { strict: false });
    const window = (ends: object) => messages.window(actor, conversation.id, { limit: 10, ...ends });
    expect(await window({ after: 2 })).toMatchObject({ items: [], hasBefore: true, hasAfter: false });
    expect(await window({ before: 1 })).toMatchObject({ items: [], hasBefore: false, hasAfter: true });
    expect(await window({ after: 1e12 })).toMatchObject({ items: [], hasBefore: true, hasAfter: false });
    expect((await window({ before: 1e12 })).items).toHaveLength(2);
  });

  describe('in a queue', () => {
    // What these promise must not be the work of recovery, which comes 12 s later.
    beforeEach(() => jest.spyOn(rows, 'orphans').mockResolvedValue([]));
    afterEach(() => jest.restoreAllMocks());

    const answered = (generation: GenerationEntity, text: string): Promise<boolean> =>
      app.get(GenerationsService, { strict: false }).conclude(generation, {
        status: 'completed',
        text,
        finishReason: 'stop',
        charged: true,
      });
    /** As another process would have it. */
    const streaming = async ({ generation }: { generation: GenerationEntity }): Promise<GenerationEntity> => {
      expect(await rows.claim(generation.id, 'elsewhere')).toBe(true);
      return { ...generation, status: 'streaming' };
    };

    it('are made with the reply before them in the prompt, however early they were started', async () => {
      const prompts = jest.spyOn(app.get(PromptsService, { strict: false }), 'forGeneration');
      const first = await streaming(await ask('first question'));
      const second = await ask('second question');
      const runner = app.get(GenerationRunner, { strict: false });
      runner.start(second.generation);
      await answered(first, 'first answer');
      runner.start(second.generation);
      await untilEnded(second.generation.id);
      const made = await Promise.all(prompts.mock.results.map(({ value }) => value));
      expect(made).toHaveLength(1);
      expect(JSON.stringify(made)).toContain('first answer');
    });

    it('are made in the order of their questions, also where the clock of a process is behind', async () => {
      const first = await streaming(await ask('first'));
      const second = await ask('second');
      const insert = rows.insert.bind(rows);
      const hourBehind = v7({ msecs: Date.now() - 3_600_000 });
      jest.spyOn(rows, 'insert').mockImplementationOnce((row) => insert({ ...row, id: hourBehind }));
      const third = await ask('third');
      expect((await rows.activeIn(conversation.id)).map(({ id }) => id)).toEqual([
        first.id,
        second.generation.id,
        hourBehind,
      ]);
      await answered(first, 'one');
      expect(await rows.claim(third.generation.id, 'elsewhere')).toBe(false);
      expect((await rows.nextQueued(conversation.id))?.id).toBe(second.generation.id);
      expect(await rows.claim(second.generation.id, 'elsewhere')).toBe(true);
    });

    it('answer a question that is sent again with its first reply, also where another one has an older id', async () => {
      const question = draft('say it', { queue: true });
      const { message, generation } = await log.append(conversation, actor, question);
      await answered(generation!, 'it');
      const insert = rows.insert.bind(rows);
      const hourBehind = v7({ msecs: Date.now() - 3_600_000 });
      jest.spyOn(rows, 'insert').mockImplementationOnce((row) => insert({ ...row, id: hourBehind }));
      await log.askAgain(conversation, actor, message.id, {});
      const again = await log.append(conversation, actor, question);
      expect(again).toMatchObject({ duplicate: true, generation: { id: generation!.id } });
    });

    it('start when their turn comes while they are being refused it', async () => {
      const first = await streaming(await ask('first'));
      const second = await ask('second');
      const runner = app.get(GenerationRunner, { strict: false });
      const claim = rows.claim.bind(rows);
      jest.spyOn(rows, 'claim').mockImplementationOnce(async (id, instance) => {
        const claimed = await claim(id, instance);
        await answered(first, 'first answer');
        runner.start(second.generation);
        return claimed;
      });
      runner.start(second.generation);
      expect((await untilEnded(second.generation.id)).status).toBe('completed');
    });

    it('start when the one before them is cancelled just as it would have begun', async () => {
      const first = await ask('first');
      const second = await ask('second');
      const claim = rows.claim.bind(rows);
      jest.spyOn(rows, 'claim').mockImplementationOnce(async (id, instance) => {
        await app.get(GenerationsService, { strict: false }).cancel(actor, id);
        return claim(id, instance);
      });
      app.get(GenerationRunner, { strict: false }).start(first.generation);
      expect((await untilEnded(second.generation.id)).status).toBe('completed');
      expect((await rows.find(first.generation.id))?.status).toBe('cancelled');
    });

    it('that begin while they are cancelled are stopped by the process that began them', async () => {
      const { generation } = await ask('Stop!');
      const find = rows.findOwned.bind(rows);
      jest.spyOn(rows, 'findOwned').mockImplementationOnce(async (userId, id) => {
        const seen = await find(userId, id);
        await streaming({ generation });
        return seen;
      });
      const outcomes = app.get(GenerationsService, { strict: false });
      const stopListening = app.get(EventLog, { strict: false }).listen(({ event }) => {
        if (event.type !== CANCEL_REQUESTED) return;
        void outcomes.conclude(
          { ...generation, status: 'streaming' },
          { status: 'cancelled', text: 'said so far', finishReason: 'cancelled', charged: false },
        );
      });
      try {
        expect(await outcomes.cancel(actor, generation.id)).toEqual({
          status: 'cancelled',
          text: 'said so far',
        });
      } finally {
        stopListening();
      }
      expect(await terminalEvents(generation.id)).toHaveLength(1);
    });

    it('are charged once also when they waited longer than their reservation was held', async () => {
      const before = await used();
      const { generation } = await ask('Still there?');
      await app
        .get(Database, { strict: false })
        .manager.query(
          `UPDATE usage_reservations SET expires_at = now() - interval '1 minute' WHERE id = $1`,
          [generation.reservationId],
        );
      app.get(GenerationRunner, { strict: false }).start(generation);
      expect((await untilEnded(generation.id)).status).toBe('completed');
      expect(await used()).toMatchObject({ used: before.used + 1, reserved: before.reserved });
    });
  });
});
