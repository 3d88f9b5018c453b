import type { Message, SentMessage } from '../api/api.types.js';
import { chatReducer, EMPTY_CHAT, type ChatAction, type ChatState } from './chat-state.js';

const message = (seq: number, more: Partial<Message> = {}): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  role: 'user',
  text: `text ${seq}`,
  clientMessageId: null,
  parentId: null,
  generationId: null,
  status: 'completed',
  finishReason: null,
  editedAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...more,
});
const event = (type: string, data: unknown): ChatAction => ({ type: 'event', event: { type, data } });
const after = (actions: ChatAction[], state: ChatState = EMPTY_CHAT) => actions.reduce(chatReducer, state);
const ids = ({ messages }: ChatState) => messages.map(({ id }) => id);
const reply = (seq: number, more: Partial<Message> = {}) =>
  message(seq, { role: 'character', parentId: 'm1', generationId: 'g', ...more });

const sending: ChatAction = { type: 'sending', clientMessageId: 'k', text: 'text 1' };
const mine = message(1, { clientMessageId: 'k' });
const sent: ChatAction = {
  type: 'sent',
  clientMessageId: 'k',
  sent: { message: mine, generation: { id: 'g', status: 'queued' } } as SentMessage,
};
const started = event('reply.started', { generationId: 'g', messageId: 'm2', parentId: 'm1' });
const delta = (offset: number, text: string) => event('reply.delta', { generationId: 'g', offset, text });

describe('a chat', () => {
  it('shows a message once, whether its ack or its event comes first', () => {
    const created = event('message.created', { message: mine });
    for (const actions of [
      [sending, sent, created],
      [sending, created, sent],
    ]) {
      const state = after(actions);
      expect(ids(state)).toEqual(['m1']);
      expect(state.outbox).toEqual([]);
    }
  });

  it('keeps messages in the order of the conversation, in whatever order they are told', () => {
    const state = after([3, 1, 2].map((seq) => event('message.created', { message: message(seq) })));
    expect(ids(state)).toEqual(['m1', 'm2', 'm3']);
  });

  it('streams a reply and ends with the stored message alone', () => {
    const streaming = after([sending, sent, started, delta(0, 'Hel'), delta(3, 'lo')]);
    expect(streaming.reply).toMatchObject({ text: 'Hello', parentId: 'm1' });
    const done = after([event('reply.completed', { generationId: 'g', message: reply(2) })], streaming);
    expect(done.reply).toBeUndefined();
    expect(ids(done)).toEqual(['m1', 'm2']);
  });

  it('does not begin again by what is told late about a reply that is over', () => {
    const over = after([sending, event('message.created', { message: mine }), started]);
    const done = after([event('reply.completed', { generationId: 'g', message: null })], over);
    expect(after([sent, started, delta(0, 'Hel')], done).reply).toBeUndefined();
  });

  it('does not hear the reply of another conversation', () => {
    const other = event('reply.started', { generationId: 'x', messageId: 'y', parentId: 'z' });
    const failed = event('reply.failed', { generationId: 'x', error: {}, text: '' });
    const elsewhere = event('reply.delta', { generationId: 'x', offset: 0, text: 'Hi' });
    const state = after([sending, sent]);
    expect(after([other, elsewhere, failed], state)).toEqual(state);
  });

  it('shows the new variant of a reply instead of the old one', () => {
    const state = after([sent, event('message.created', { message: reply(2) })]);
    const again = event('message.created', { message: reply(3, { generationId: 'g2' }) });
    expect(ids(after([again], state))).toEqual(['m1', 'm3']);
  });

  it('does not show a variant that its reader went on without', () => {
    const state = after([sent, event('message.created', { message: reply(2) })]);
    const variant = { message: reply(3, { generationId: 'g2' }), active: false };
    const late = [
      event('message.created', variant),
      event('reply.completed', { ...variant, generationId: 'g2' }),
    ];
    expect(ids(after(late, state))).toEqual(['m1', 'm2']);
  });

  it('tells why a reply failed, until one tries again', () => {
    const problem = { code: 'upstream-failed', title: 'An upstream service failed', status: 502, detail: '' };
    const failed = after([
      sent,
      started,
      event('reply.failed', { generationId: 'g', error: problem, text: '' }),
    ]);
    expect(failed).toMatchObject({ failure: problem, reply: undefined });
    const asked: ChatAction = {
      type: 'reply-asked',
      generation: { id: 'g2', status: 'queued' },
      parentId: 'm1',
    };
    expect(after([asked], failed).failure).toBeUndefined();
  });

  it('forgets a reply that ended while the connection was away', () => {
    const state = after([sent, started, delta(0, 'Hel'), { type: 'replies-under-way', generationIds: [] }]);
    expect(state.reply).toBeUndefined();
  });

  it('keeps what is not sent yet when the conversation is read again', () => {
    const unsent: ChatAction = { type: 'not-sent', clientMessageId: 'k', state: 'unsent' };
    const window = { items: [message(5)], oldestSeq: 5, hasBefore: true };
    const state = after([sending, unsent, { type: 'loaded', window }]);
    expect(state.outbox).toMatchObject([{ clientMessageId: 'k', state: 'unsent' }]);
    expect(state).toMatchObject({ loaded: true, hasBefore: true });
  });

  it('finds what it sent among the messages it reads again', () => {
    const window = { items: [mine], oldestSeq: 1, hasBefore: false };
    expect(after([sending, { type: 'loaded', window }]).outbox).toEqual([]);
  });

  it('puts older messages in front, once', () => {
    const loaded = after([
      { type: 'loaded', window: { items: [message(3)], oldestSeq: 3, hasBefore: true } },
    ]);
    const older = { items: [message(1), message(2), message(3)], oldestSeq: 1, hasBefore: false };
    expect(ids(after([{ type: 'older', window: older }], loaded))).toEqual(['m1', 'm2', 'm3']);
  });
});
