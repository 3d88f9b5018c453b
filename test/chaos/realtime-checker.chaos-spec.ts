import { randomUUID } from 'node:crypto';
import type { Message } from '../support/api-client.js';
import { seeded } from './children/random.js';
import { ConversationView } from './realtime/conversation-view.js';
import { checkGenerations, checkMessages, checkReplies, checkSent } from './realtime/end-rules.js';
import type { Truth } from './realtime/end-rules.js';
import { ReplyRecord } from './realtime/reply-record.js';
import { parsed, printed, scheduleOf } from './realtime/schedule.js';
import { StreamFollower } from './realtime/stream-follower.js';
import { conversationStream, generationStream, NOTHING_LOST } from './realtime/wire.js';
import type { EventData, Resumed, StreamEvent } from './realtime/wire.js';

const CONVERSATION = randomUUID();
const GENERATION = randomUUID();
const REPLY = generationStream(GENERATION);
const TALK = conversationStream(CONVERSATION);

const event = (stream: string, seq: number, type: string, data: EventData, epoch = 'e'): StreamEvent => ({
  stream,
  epoch,
  seq,
  id: `${stream} ${epoch} ${seq}`,
  type,
  data,
});

const message = (seq: number, given: Partial<Message> = {}): Message => ({
  id: `message ${seq}`,
  conversationId: CONVERSATION,
  seq,
  role: 'user',
  text: `text ${seq}`,
  status: 'completed',
  parentId: null,
  clientMessageId: `client ${seq}`,
  generationId: null,
  finishReason: null,
  editedAt: null,
  ...given,
});

const ANSWER = message(2, {
  role: 'character',
  text: 'Hello you',
  parentId: 'message 1',
  clientMessageId: null,
  generationId: GENERATION,
});
const ids = { messageId: ANSWER.id, parentId: 'message 1' };
const STARTED = { generationId: GENERATION, ...ids };
const delta = (offset: number, text: string): EventData => ({ generationId: GENERATION, offset, text });
const COMPLETED: EventData = { generationId: GENERATION, message: ANSWER, finishReason: 'stop' };

/** A reply as it should be told. */
const REPLY_LOG: StreamEvent[] = [
  event(REPLY, 1, 'reply.started', STARTED),
  event(REPLY, 2, 'reply.delta', delta(0, 'Hello')),
  event(REPLY, 3, 'reply.delta', delta(5, ' you')),
  event(REPLY, 4, 'reply.completed', COMPLETED),
];
const TALK_LOG: StreamEvent[] = [
  event(TALK, 1, 'message.created', { message: message(1) }),
  event(TALK, 2, 'message.created', { message: ANSWER }),
  event(TALK, 3, 'message.created', { message: message(3) }),
];
const TRUTH: Truth = {
  messages: [message(1), ANSWER, message(3)],
  hidden: [message(4)],
  generations: [
    {
      id: GENERATION,
      status: 'completed',
      text: 'Hello you',
      parentMessageId: 'message 1',
      replyMessageId: ANSWER.id,
    },
  ],
};

/** What a client that hears exactly this complains about, and what it shows then. */
function hear(
  log: readonly StreamEvent[],
  mayReset = false,
): { complaints: string[]; view: ConversationView } {
  const complaints: string[] = [];
  const complain = (what: string): void => void complaints.push(what);
  const allowances = { ...NOTHING_LOST, mayReset: () => mayReset };
  const view = new ConversationView(CONVERSATION, complain, allowances);
  const followers = new Map<string, StreamFollower>();
  for (const heard of log) {
    const known = followers.get(heard.stream);
    const follower = known ?? new StreamFollower(heard.stream, complain, () => mayReset);
    followers.set(heard.stream, follower);
    for (const applied of follower.hear(heard).apply) view.apply(applied);
  }
  return { complaints, view };
}

const without = (log: readonly StreamEvent[], index: number): StreamEvent[] => log.toSpliced(index, 1);
const doubled = (log: readonly StreamEvent[], index: number): StreamEvent[] =>
  log.toSpliced(index, 0, log[index]!);
const swapped = (log: readonly StreamEvent[], index: number): StreamEvent[] =>
  log.toSpliced(index, 2, log[index + 1]!, log[index]!);
/** As if it were the log: the numbers fit, the contents do not. */
const renumbered = (log: readonly StreamEvent[]): StreamEvent[] =>
  log.map((each, index) => ({ ...each, seq: index + 1, id: `id ${index}` }));

describe('the checker of realtime schedules', () => {
  it('finds nothing in logs as they should be', () => {
    const { complaints, view } = hear([...TALK_LOG, ...REPLY_LOG]);
    checkMessages('a client', view.messages, TRUTH, (what) => complaints.push(what));
    checkReplies('a client', view, TRUTH, (what) => complaints.push(what), NOTHING_LOST);
    checkGenerations(TRUTH, (what) => complaints.push(what));
    expect(complaints).toEqual([]);
  });

  describe.each([
    ['a conversation', TALK_LOG],
    ['a reply', REPLY_LOG],
  ])('in the events of %s', (_name, log) => {
    const inner = log.slice(1, -1).map((_, index) => index + 1);

    it.each(inner)('finds a lost one (%i)', (index) => {
      expect(hear(without(log, index)).complaints[0]).toMatch(/were skipped/);
    });

    it.each(inner)('finds one told twice (%i)', (index) => {
      expect(hear(doubled(log, index)).complaints[0]).toMatch(/told again/);
    });

    it.each(inner)('finds two in the wrong order (%i)', (index) => {
      expect(hear(swapped(log, index)).complaints[0]).toMatch(/were skipped/);
    });

    it('finds another epoch, unless a log may have been lost', () => {
      const changed = log.with(2, { ...log[2]!, epoch: 'f', seq: 1 });
      expect(hear(changed).complaints[0]).toMatch(/another epoch/);
      expect(hear(changed, true).complaints).toEqual([]);
    });

    it('finds an id that is told twice, and takes it for a repetition in another epoch', () => {
      const { id } = log[1]!;
      expect(hear(log.with(2, { ...log[2]!, id })).complaints[0]).toMatch(/in this epoch already/);
      const complaints: string[] = [];
      const follower = new StreamFollower(
        log[0]!.stream,
        (what) => complaints.push(what),
        () => true,
      );
      follower.hear(log[0]!);
      follower.ask();
      const answer = { stream: log[0]!.stream, epoch: 'f', from: null, to: 0, events: [], hasMore: false };
      follower.answer({ ...answer, status: 'reset', snapshot: null });
      follower.settle();
      // Messages are put again, what a reply said is not.
      expect(follower.hear({ ...log[0]!, epoch: 'f' }).apply).toHaveLength(log === TALK_LOG ? 1 : 0);
      expect(follower.hear({ ...log[1]!, epoch: 'f' }).apply).toHaveLength(1);
      expect(complaints).toEqual([]);
    });

    it('finds a number that stands for two events', () => {
      expect(hear([...log, { ...log[1]!, id: 'another' }]).complaints[0]).toMatch(/was .* before/);
    });
  });

  it.each([
    ['a lost delta', renumbered(without(REPLY_LOG, 1)), /a hole/],
    ['a doubled delta', renumbered(doubled(REPLY_LOG, 1)), /said again/],
    ['deltas in the wrong order', renumbered(swapped(REPLY_LOG, 1)), /a hole/],
    ['a lost start', renumbered(without(REPLY_LOG, 0)), /before anything else/],
    ['two starts', renumbered(doubled(REPLY_LOG, 0)), /started twice/],
    ['two ends', renumbered(doubled(REPLY_LOG, 3)), /after the end/],
    ['a delta after the end', renumbered(swapped(REPLY_LOG, 2)), /the deltas say|heard/],
    ['a split pair', [REPLY_LOG[0]!, event(REPLY, 2, 'reply.delta', delta(0, 'Hi \ud83d'))], /surrogate/],
    [
      'another text than the deltas',
      REPLY_LOG.with(2, event(REPLY, 3, 'reply.delta', delta(5, ' me'))),
      /heard/,
    ],
    [
      'a failure without a problem',
      REPLY_LOG.with(3, event(REPLY, 4, 'reply.failed', delta(0, 'Hello you'))),
      /without a problem/,
    ],
  ])('finds %s behind numbers that fit', (_what, log, complaint) => {
    expect(hear(log).complaints.join('\n')).toMatch(complaint);
  });

  it('takes an end that comes first only where a log may have been lost', () => {
    const log = renumbered(REPLY_LOG.slice(-1));
    expect(hear(log).complaints[0]).toMatch(/heard/);
    expect(hear(log, true).complaints).toEqual([]);
  });

  it('allows a hole only behind a snapshot that was read after an outage, and only until the end', () => {
    const told = (mayReset: boolean, text: string): string => {
      const complaints: string[] = [];
      const allowances = { ...NOTHING_LOST, mayReset: () => mayReset };
      const reply = new ReplyRecord(GENERATION, (what) => complaints.push(what), allowances);
      reply.restart(text, false);
      reply.apply('reply.delta', delta(5, ' you'));
      reply.apply('reply.completed', COMPLETED);
      expect(reply.text).toBe('Hello you');
      return complaints.join('\n');
    };
    expect(told(false, '')).toMatch(/a hole/);
    expect(told(true, '')).toBe('');
    expect(told(true, 'Hello')).toBe('');
  });

  it('finds messages that are created in the wrong order, or twice, behind numbers that fit', () => {
    expect(hear(renumbered(swapped(TALK_LOG, 0))).complaints[0]).toMatch(/is created after/);
    expect(hear(renumbered(doubled(TALK_LOG, 0))).complaints[0]).toMatch(/is created after/);
  });
});

describe('its rules of resuming', () => {
  const good: Resumed = {
    stream: TALK,
    epoch: 'e',
    status: 'ok',
    from: 2,
    to: 3,
    events: TALK_LOG.slice(1),
    hasMore: false,
    snapshot: '/api/somewhere',
  };

  function resume(
    answer: Partial<Resumed>,
    mayReset = false,
  ): { complaints: string[]; follower: StreamFollower } {
    const complaints: string[] = [];
    const follower = new StreamFollower(
      TALK,
      (what) => complaints.push(what),
      () => mayReset,
    );
    follower.hear(TALK_LOG[0]!);
    follower.lost();
    expect(follower.ask()).toEqual({ stream: TALK, epoch: 'e', after: 1 });
    follower.answer({ ...good, ...answer });
    return { complaints, follower };
  }

  it('accept exactly what is missing', () => {
    const { complaints, follower } = resume({});
    expect(follower.settle()).toEqual({ apply: [], resume: false });
    expect(follower.hear(event(TALK, 4, 'x', {})).apply).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it.each<[string, Partial<Resumed>, RegExp]>([
    ['a lost event', { events: TALK_LOG.slice(2) }, /replays 3 as/],
    ['a doubled event', { events: TALK_LOG }, /replays 1,2,3 as/],
    ['events in the wrong order', { events: TALK_LOG.slice(1).reverse() }, /replays 3,2 as/],
    ['a wrong beginning', { from: 1 }, /says it replays from 1/],
    ['another epoch', { epoch: 'f' }, /goes on in another epoch/],
    ['a needless reset', { status: 'reset', epoch: 'f' }, /reset without an outage/],
    ['a reset to the same epoch', { status: 'reset' }, /reset to the same epoch/],
    ['a gap', { status: 'gap' }, /has a gap/],
    ['a refusal', { status: 'forbidden' }, /is forbidden/],
    ['a page of nothing', { events: [], to: 1, hasMore: true }, /gives nothing/],
  ])('find %s', (_what, answer, complaint) => {
    expect(resume(answer).complaints.join('\n')).toMatch(complaint);
  });

  it('allow a reset after an outage, and go on from where it says', () => {
    const { complaints, follower } = resume({ status: 'reset', epoch: 'f', to: 7 }, true);
    follower.settle();
    expect(follower.hear(event(TALK, 8, 'x', {}, 'f')).apply).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('hold live events meanwhile, and find a hole at the seam', () => {
    const { complaints, follower } = resume({});
    for (const seq of [3, 5])
      expect(follower.hear(event(TALK, seq, 'message.created', TALK_LOG[2]!.data)).apply).toEqual([]);
    expect(follower.settle()).toEqual({ apply: [], resume: true });
    expect(complaints).toEqual([expect.stringMatching(/4 … 4 were skipped/)]);
  });
});

describe('its comparison with the database', () => {
  /** What is wrong with a client that heard all of it, when the database is this. */
  const compare = (truth: Truth, log = [...TALK_LOG, ...REPLY_LOG]): string => {
    const complaints: string[] = [];
    const { view } = hear(log);
    checkMessages('it', view.messages, truth, (what) => complaints.push(what));
    checkReplies('it', view, truth, (what) => complaints.push(what), NOTHING_LOST);
    checkGenerations(truth, (what) => complaints.push(what));
    return complaints.join('\n');
  };
  const [one, , three] = TRUTH.messages as [Message, Message, Message];

  it.each<[string, Partial<Truth>, RegExp]>([
    ['a message that the client lacks', { messages: [one, ANSWER, three, message(5)] }, /lacks message 3/],
    ['a message that is not stored', { messages: [one, ANSWER] }, /shows what is not stored/],
    ['another text', { messages: [{ ...one, text: 'other' }, ANSWER, three] }, /lacks message 0/],
    ['another order', { messages: [ANSWER, one, three] }, /in another order/],
    ['another status', { messages: [one, { ...ANSWER, status: 'failed' }, three] }, /its message failed/],
    ['a reply that is not stored', { generations: [] }, /not in the database/],
    [
      'a reply that is still under way',
      { generations: [{ ...TRUTH.generations[0]!, status: 'streaming' }] },
      /still streaming/,
    ],
    ['a reply with two messages', { hidden: [{ ...ANSWER, id: 'second' }] }, /has 2 messages/],
    ['a reply whose message is lost', { messages: [one, three] }, /its text is lost/],
    [
      'a reply that reads differently',
      { generations: [{ ...TRUTH.generations[0]!, text: 'Hello' }] },
      /reads “Hello you”, stored is “Hello”/,
    ],
  ])('finds %s', (_what, truth, complaint) => {
    expect(compare({ ...TRUTH, ...truth })).toMatch(complaint);
  });

  it('finds a reply that never ended for the client', () => {
    expect(compare(TRUTH, [...TALK_LOG, ...REPLY_LOG.slice(0, -1)])).toMatch(/never ended/);
  });

  it.each<[string, object, RegExp]>([
    ['is not stored', { clientMessageId: 'none' }, /stored 0 times/],
    ['is stored under another id', { messageId: 'message 9' }, /was acked as message 9/],
    ['was not changed', { text: 'changed' }, /reads “text 1”, not “changed”/],
    ['was deleted and is shown', { deleted: true }, /deleted, and shown/],
    ['was refused and is stored', { messageId: undefined }, /was refused, and is stored/],
    ['is answered by nothing', { generationId: 'g' }, /is not stored/],
  ])('finds a sent message that %s', (_what, given, complaint) => {
    const complaints: string[] = [];
    const sent = {
      clientMessageId: 'client 1',
      mode: 'none',
      messageId: 'message 1',
      text: 'text 1',
      deleted: false,
    };
    checkSent([{ ...sent, mode: 'none', ...given }], TRUTH, (what) => complaints.push(what));
    expect(complaints.join('\n')).toMatch(complaint);
  });
});

describe('a schedule', () => {
  it('is the same whenever its seed is, and can be given back as it is printed', () => {
    const size = { steps: 30, faults: 3, pause: 500 };
    const schedule = scheduleOf(5, size, seeded(5));
    expect(scheduleOf(5, size, seeded(5))).toEqual(schedule);
    expect(parsed(printed(schedule))).toEqual(schedule);
    expect(() => parsed('5: send-slow:rest:1@0 dance:all:1@0')).toThrow('dance');
  });
});
