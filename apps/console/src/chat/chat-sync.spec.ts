import type { LiveEvent } from '../api/api.types.js';
import { ConnectionLost } from '../api/live-connection.js';
import type { ChatAction } from './chat-state.js';
import { ChatSync } from './chat-sync.js';

/** The service's side of a socket: what it was asked, and what it answers. */
class FakeLive {
  connected = true;
  readonly asked: { event: string; payload: Record<string, unknown> }[] = [];
  answers: Record<string, (payload: Record<string, unknown>) => unknown> = {};
  private hear: (event: LiveEvent) => void = () => undefined;
  private changed: () => void = () => undefined;

  ask<Data>(event: string, payload: object): Promise<Data> {
    this.asked.push({ event, payload: payload as Record<string, unknown> });
    if (!this.connected) return Promise.reject(new ConnectionLost('away'));
    return Promise.resolve().then(() => this.answers[event]?.(payload as Record<string, unknown>) as Data);
  }
  onEvent(hear: (event: LiveEvent) => void): () => void {
    this.hear = hear;
    return () => undefined;
  }
  onChange(changed: () => void): () => void {
    this.changed = changed;
    return () => undefined;
  }
  tell(seq: number, type = 'message.created', epoch = 'e'): void {
    this.hear({ stream: 'conversation:c', epoch, seq, type, data: { seq } });
  }
  switch(connected: boolean): void {
    this.connected = connected;
    this.changed();
  }
  joins(): Record<string, unknown>[] {
    return this.asked.filter(({ event }) => event === 'conversation:join').map(({ payload }) => payload);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('keeping a conversation in step', () => {
  let live: FakeLive;
  let told: ChatAction[];
  let reads: string[];
  let sync: ChatSync;
  let head: number;
  const problems: unknown[] = [];
  const heard = () => told.flatMap((action) => (action.type === 'event' ? [action.event.data] : []));

  beforeEach(async () => {
    [live, told, reads, head] = [new FakeLive(), [], [], 4];
    live.answers['conversation:join'] = ({ after = head }) => ({
      lastSeq: head,
      epoch: 'e',
      replay: {
        status: 'ok',
        hasMore: false,
        events: Array.from({ length: head - (after as number) }, (_, index) => {
          const seq = (after as number) + index + 1;
          return { stream: 'conversation:c', epoch: 'e', seq, type: 'message.created', data: { seq } };
        }),
      },
      replies: [],
    });
    const get = <Body>(path: string): Promise<Body> => {
      reads.push(path);
      return Promise.resolve({ items: [], hasBefore: false } as Body);
    };
    const post = () => Promise.reject(new Error('Nothing is posted here.'));
    const listener = {
      dispatch: (action: ChatAction) => void told.push(action),
      onProblem: (problem: unknown) => void problems.push(problem),
      onUsage: () => undefined,
    };
    sync = new ChatSync('c', live, { get, post }, listener);
    sync.open();
    await settled();
  });

  it('joins first and reads then, so that nothing falls between', () => {
    expect(live.joins()).toEqual([{ conversationId: 'c' }]);
    expect(reads).toEqual(['/api/conversations/c/messages']);
  });

  it('applies each event once', () => {
    [5, 6, 6, 5].forEach((seq) => live.tell(seq));
    expect(heard()).toEqual([{ seq: 5 }, { seq: 6 }]);
  });

  it('reads the messages again when another branch is shown', async () => {
    live.tell(5, 'branch.changed');
    await settled();
    expect(reads).toHaveLength(2);
  });

  it('joins again from where it was when an event is missing', async () => {
    live.tell(5);
    head = 8;
    live.tell(8);
    await settled();
    expect(live.joins()[1]).toEqual({ conversationId: 'c', after: 5, epoch: 'e' });
    expect(heard()).toEqual([{ seq: 5 }, { seq: 6 }, { seq: 7 }, { seq: 8 }]);
  });

  it('reads everything again when the stream began anew', async () => {
    live.answers['conversation:join'] = () => ({
      lastSeq: 1,
      epoch: 'f',
      replay: { status: 'reset', events: [], hasMore: false },
      replies: [],
    });
    live.tell(1, 'message.created', 'f');
    await settled();
    expect(reads).toHaveLength(2);
    live.tell(2, 'message.created', 'f');
    expect(heard()).toEqual([{ seq: 2 }]);
  });

  it('holds what comes while it joins', async () => {
    live.switch(false);
    live.switch(true);
    head = 5;
    live.tell(6);
    expect(heard()).toEqual([]);
    await settled();
    expect(heard()).toEqual([{ seq: 5 }, { seq: 6 }]);
  });

  it('sends again, with the same id, what had no answer when the connection was lost', async () => {
    live.switch(false);
    await sync.send('Hello');
    expect(told.at(-1)).toMatchObject({ type: 'not-sent', state: 'unsent' });
    live.switch(true);
    await settled();
    const sent = live.asked.filter(({ event }) => event === 'message:send').map(({ payload }) => payload);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });
});
