import type { NewEvent } from '../../platform/events/event-log.js';
import { MemoryEventLog } from '../../platform/events/memory-event-log.js';
import type { GenerationEntity } from './generation.entity.js';
import { ReplyTeller } from './reply-teller.js';

const generation = {
  id: 'g',
  conversationId: 'c',
  replyMessageId: 'm',
  parentMessageId: 'p',
} as GenerationEntity;

const told = async (log: MemoryEventLog): Promise<unknown[]> =>
  (await log.read('generation:g', { after: 0 })).events.map(({ type, data }) => {
    const { offset, text } = data as { offset?: number; text?: string };
    return text === undefined ? type : [type, offset, text];
  });

describe('what is told of a reply', () => {
  let log: MemoryEventLog & { degraded: boolean };
  let teller: ReplyTeller;
  /** What was stored, and how many events its log had by then. */
  let kept: [said: string, events: number | undefined][];

  beforeEach(() => {
    log = Object.assign(new MemoryEventLog(), { degraded: false });
    kept = [];
    teller = new ReplyTeller(log, generation, async (said) => {
      kept.push([said, (await log.heads(['generation:g']))[0]?.seq]);
    });
  });

  it('begins with its start, though the first words come before the log has answered', async () => {
    await Promise.all([teller.begin(), teller.delta('', 'Hel'), teller.delta('Hel', 'lo')]);
    expect(await told(log)).toEqual(['reply.started', ['reply.delta', 0, 'Hel'], ['reply.delta', 3, 'lo']]);
  });

  it('is whole in a log that has lost what was told before', async () => {
    await teller.begin();
    await teller.delta('', 'Hello');
    log.clear();
    await teller.delta('Hello', ' there');
    await teller.delta('Hello there', '!');
    expect(await told(log)).toEqual([
      'reply.started',
      ['reply.snapshot', 0, 'Hello there'],
      ['reply.delta', 11, '!'],
    ]);
    expect(kept).toEqual([['Hello there', 0]]);
  });

  it('is kept unless the log was lost since, or is only this process’s', async () => {
    const closedIn = async (change: () => void): Promise<boolean> => {
      await teller.begin();
      await teller.delta('', 'Hello');
      change();
      return teller.close();
    };
    expect(await closedIn(() => undefined)).toBe(true);
    teller = new ReplyTeller(log, generation, () => Promise.resolve());
    expect(await closedIn(() => (log.degraded = true))).toBe(false);
    log.degraded = false;
    teller = new ReplyTeller(log, generation, () => Promise.resolve());
    expect(await closedIn(() => log.clear())).toBe(false);
  });

  it('is told once more at its end, and nothing after it, where the log is slow to take its beginning', async () => {
    let take: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    const slow = Object.assign(Object.create(log) as typeof log, {
      begin: (event: NewEvent) => taken.then(() => log.begin(event)),
    });
    teller = new ReplyTeller(slow, generation, () => Promise.resolve());
    const begun = teller.begin();
    const delta = teller.delta('', 'Hello');
    expect(await teller.close()).toBe(false);
    take();
    await begun;
    await expect(delta).rejects.toThrow('The reply was over');
    expect(await told(log)).toEqual(['reply.started']);
  });

  it('begins anew once where several deltas were on their way when the log was lost', async () => {
    await teller.begin();
    await teller.delta('', 'a');
    log.clear();
    await Promise.all([teller.delta('a', 'b'), teller.delta('ab', 'c'), teller.delta('abc', 'd')]);
    expect(await told(log)).toEqual([
      'reply.started',
      ['reply.snapshot', 0, 'ab'],
      ['reply.delta', 2, 'c'],
      ['reply.delta', 3, 'd'],
    ]);
  });
});
