import type { Message } from '../../support/api-client.js';
import type { ConversationView } from './conversation-view.js';
import type { ReplyRecord } from './reply-record.js';
import type { Allowances, Complain } from './wire.js';

/** A row of `generations`. */
export interface StoredGeneration {
  id: string;
  status: string;
  text: string;
  parentMessageId: string;
  replyMessageId: string;
}

/** A row of `messages` that is shown; what both REST and the database say of it. */
export type StoredMessage = Pick<Message, 'id' | 'seq' | 'role' | 'text' | 'status' | 'generationId'> &
  Pick<Message, 'parentId' | 'clientMessageId'>;

/** What the database holds of one conversation. */
export interface Truth {
  /** Those that are shown, by `seq`. */
  messages: StoredMessage[];
  /** Those that were taken back. */
  hidden: StoredMessage[];
  /** Those on branches that are not shown. */
  elsewhere?: StoredMessage[];
  generations: StoredGeneration[];
}

/** What one client sent and was told about it. */
export interface SentOnce {
  clientMessageId: string;
  mode: 'stream' | 'none';
  /** Undefined when it was refused for good. */
  messageId?: string;
  generationId?: string;
  /** What it should say now. */
  text: string;
  deleted: boolean;
}

/** On whichever branch, taken back or not. */
export const storedIn = ({ messages, hidden, elsewhere = [] }: Truth): StoredMessage[] => [
  ...messages,
  ...hidden,
  ...elsewhere,
];

export const isRunning = ({ status }: StoredGeneration): boolean => ['queued', 'streaming'].includes(status);

/** The messages of a client or of REST are those of the database: the same, in the same order. */
export function checkMessages(
  who: string,
  shown: readonly Message[],
  truth: Truth,
  complain: Complain,
): void {
  const line = (message: StoredMessage): string =>
    `${message.seq} ${message.id} ${message.role} ${message.status} ${message.parentId} ${message.text}`;
  const expected = truth.messages.map(line);
  const actual = shown.map(line);
  for (const [index, fact] of expected.entries())
    if (!actual.includes(fact)) complain(`${who} lacks message ${index}: ${fact}`);
  for (const said of actual)
    if (!expected.includes(said)) complain(`${who} shows what is not stored: ${said}`);
  const common = actual.filter((said) => expected.includes(said));
  if (new Set(common).size < common.length) complain(`${who} shows a message twice`);
  else if (common.join('\n') !== expected.filter((fact) => common.includes(fact)).join('\n'))
    complain(`${who} shows messages in another order`);
}

/** Every reply that a client heard of has ended for it, once, with the text that is stored. */
export function checkReplies(
  who: string,
  view: ConversationView,
  truth: Truth,
  complain: Complain,
  allowances: Allowances,
): void {
  for (const reply of view.replies.values()) checkReply(who, reply, truth, complain, allowances);
}

export function checkReply(
  who: string,
  reply: ReplyRecord,
  truth: Truth,
  complain: Complain,
  allowances: Allowances,
): void {
  const { generationId: id, text, deltas, ends, ended, whole } = reply;
  const wrong = (what: string): void => complain(`${who}, reply ${id}: ${what}`);
  const stored = truth.generations.find((generation) => generation.id === id);
  if (!stored) return wrong('is not in the database');
  if (ends > 1) wrong(`ended ${ends} times`);
  if (!ended) wrong(`never ended; it is ${stored.status}`);
  else if (whole && ends === 0) wrong('ended without an event, though its stream was never reset');
  if (whole && deltas.join('') !== text) wrong('has deltas that are not its text');
  const lostTail = stored.status !== 'completed' && allowances.mayLoseTail() && text.startsWith(stored.text);
  if (text !== stored.text && !lostTail)
    wrong(`reads “${text}”, stored is “${stored.text}” (${stored.status})`);
}

/** The database agrees with itself: generations are over, and each has the one message that its text asks for. */
export function checkGenerations(truth: Truth, complain: Complain): void {
  const all = storedIn(truth);
  for (const generation of truth.generations) {
    const { id, status, text, replyMessageId } = generation;
    if (isRunning(generation)) complain(`generation ${id} is still ${status}`);
    const replies = all.filter(({ generationId }) => generationId === id);
    const [reply] = replies;
    if (replies.length > 1) complain(`generation ${id} has ${replies.length} messages`);
    if (!reply && text !== '' && !isRunning(generation))
      complain(`generation ${id} is ${status}, and its text is lost`);
    if (!reply) continue;
    if (reply.text !== text) complain(`generation ${id} says “${text}”, its message “${reply.text}”`);
    if (reply.status !== status) complain(`generation ${id} is ${status}, its message ${reply.status}`);
    if (reply.id !== replyMessageId) complain(`generation ${id} is stored as ${reply.id}`);
  }
}

/** Whatever was accepted is stored once, as it was last changed; what was refused is not. */
export function checkSent(sent: readonly SentOnce[], truth: Truth, complain: Complain): void {
  const all = storedIn(truth);
  for (const { clientMessageId, messageId, generationId, text, deleted } of sent) {
    const rows = all.filter((row) => row.clientMessageId === clientMessageId);
    if (!messageId) {
      if (rows.length > 0) complain(`${clientMessageId} was refused, and is stored`);
      continue;
    }
    if (rows.length !== 1) complain(`${clientMessageId} was accepted, and is stored ${rows.length} times`);
    const [row] = rows;
    if (!row) continue;
    if (row.id !== messageId) complain(`${clientMessageId} was acked as ${messageId}, and is ${row.id}`);
    if (!deleted && row.text !== text) complain(`${clientMessageId} reads “${row.text}”, not “${text}”`);
    const shown = !truth.hidden.includes(row);
    if (shown === deleted) complain(`${clientMessageId} is ${deleted ? 'deleted, and shown' : 'not shown'}`);
    if (generationId && !truth.generations.some(({ id }) => id === generationId))
      complain(`generation ${generationId} of ${clientMessageId} is not stored`);
  }
  const known = new Set(sent.map(({ clientMessageId }) => clientMessageId));
  for (const { role, clientMessageId, id } of all)
    if (role === 'user' && !known.has(clientMessageId ?? '')) complain(`message ${id} was sent by nobody`);
}
