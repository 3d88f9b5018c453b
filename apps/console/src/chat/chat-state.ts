import type { GenerationHandle, LiveEvent, Message, MessageWindow, SentMessage } from '../api/api.types.js';
import type { Problem } from '../api/problem.js';
import { withMessage, withOlder } from './message-list.js';
import { newReply, withPiece, withSnapshot, type LiveReply } from './reply-stream.js';

/** What was written here and is not stored yet, as far as is known. */
export interface OutboxMessage {
  clientMessageId: string;
  text: string;
  /** unsent: no answer came; the service may have it. refused: it has not, and says why. */
  state: 'sending' | 'unsent' | 'refused';
  problem?: Problem;
}

export interface ChatState {
  loaded: boolean;
  messages: Message[];
  hasBefore: boolean;
  outbox: OutboxMessage[];
  reply?: LiveReply;
  /** The newest reply came to nothing. */
  failure?: Problem;
  /** Generations that are over: their late events and acks must not bring them back. */
  ended: string[];
}

export type ChatAction =
  | { type: 'loaded'; window: MessageWindow }
  | { type: 'older'; window: MessageWindow }
  | { type: 'sending'; clientMessageId: string; text: string }
  | { type: 'sent'; clientMessageId: string; sent: SentMessage }
  | { type: 'not-sent'; clientMessageId: string; state: 'unsent' | 'refused'; problem?: Problem }
  | { type: 'discarded'; clientMessageId: string }
  | { type: 'reply-asked'; generation: GenerationHandle; parentId?: string }
  | { type: 'replies-under-way'; generationIds: string[] }
  | { type: 'failure-dismissed' }
  | { type: 'event'; event: Pick<LiveEvent, 'type' | 'data'> };

export const EMPTY_CHAT: ChatState = { loaded: false, messages: [], hasBefore: false, outbox: [], ended: [] };

const MAX_ENDED = 50;

export function chatReducer(state: ChatState, action: ChatAction): ChatState {
  switch (action.type) {
    case 'loaded': {
      const { items, hasBefore } = action.window;
      const emptied = { ...state, loaded: true, messages: [] as Message[], hasBefore };
      return items.reduce(store, emptied);
    }
    case 'older':
      return {
        ...state,
        messages: withOlder(state.messages, action.window.items),
        hasBefore: action.window.hasBefore,
      };
    case 'sending': {
      const { clientMessageId, text } = action;
      const others = without(state.outbox, clientMessageId);
      return {
        ...state,
        failure: undefined,
        outbox: [...others, { clientMessageId, text, state: 'sending' }],
      };
    }
    case 'sent': {
      const { message, generation } = action.sent;
      const stored = store({ ...state, outbox: without(state.outbox, action.clientMessageId) }, message);
      return generation ? expectReply(stored, generation, message.id) : stored;
    }
    case 'not-sent': {
      const { clientMessageId, state: outcome, problem } = action;
      return {
        ...state,
        outbox: state.outbox.map((entry) =>
          entry.clientMessageId === clientMessageId ? { ...entry, state: outcome, problem } : entry,
        ),
      };
    }
    case 'discarded':
      return { ...state, outbox: without(state.outbox, action.clientMessageId) };
    case 'reply-asked':
      return expectReply({ ...state, failure: undefined }, action.generation, action.parentId);
    case 'replies-under-way': {
      const { reply } = state;
      return reply && !action.generationIds.includes(reply.generationId)
        ? end(state, reply.generationId)
        : state;
    }
    case 'failure-dismissed':
      return { ...state, failure: undefined };
    case 'event':
      return applyEvent(state, action.event);
  }
}

function applyEvent(state: ChatState, { type, data }: Pick<LiveEvent, 'type' | 'data'>): ChatState {
  switch (type) {
    case 'message.created':
    case 'message.updated':
      return told(state, data as Told);
    case 'message.deleted': {
      const { messageId } = data as { messageId: string };
      return { ...state, messages: state.messages.filter(({ id }) => id !== messageId) };
    }
    case 'reply.started': {
      const { generationId, parentId } = data as { generationId: string; parentId: string };
      // Generations do not name their conversation; the message they answer does.
      if (!state.messages.some(({ id }) => id === parentId)) return state;
      return expectReply(state, { id: generationId, status: 'streaming' }, parentId);
    }
    case 'reply.delta': {
      const { generationId, ...piece } = data as { generationId: string; offset: number; text: string };
      return changeReply(state, generationId, (reply) => withPiece(reply, piece));
    }
    case 'reply.snapshot': {
      const { generationId, text } = data as { generationId: string; text: string };
      return changeReply(state, generationId, (reply) => withSnapshot(reply, text));
    }
    case 'reply.completed': {
      const { generationId, message, active } = data as Partial<Told> & { generationId: string };
      const ended = end(state, generationId);
      return message ? told(ended, { message, active }) : ended;
    }
    case 'reply.failed': {
      const { generationId, error } = data as { generationId: string; error: Problem };
      // Of another conversation, or told again after it was shown.
      if (state.reply?.generationId !== generationId) return state;
      return { ...end(state, generationId), failure: error };
    }
    default:
      return state;
  }
}

interface Told {
  message: Message;
  /** False for one that is not on the path that is shown. */
  active?: boolean;
}

function told(state: ChatState, { message, active }: Told): ChatState {
  if (active !== false) return store(state, message);
  const messages = state.messages.filter(({ id }) => id !== message.id);
  const hidden = { ...state, messages };
  return message.generationId === null ? hidden : end(hidden, message.generationId);
}

/** A stored message ends what stood for it: the outbox entry of the sender, the live text of the reply. */
function store(state: ChatState, message: Message): ChatState {
  const outbox =
    message.clientMessageId === null ? state.outbox : without(state.outbox, message.clientMessageId);
  const stored = { ...state, outbox, messages: withMessage(state.messages, message) };
  // A failed reply stores what it had said before it tells that it failed.
  if (message.generationId === null || message.status === 'failed') return stored;
  return end(stored, message.generationId);
}

function expectReply(state: ChatState, { id, status }: GenerationHandle, parentId?: string): ChatState {
  const underWay = status === 'queued' || status === 'streaming';
  if (!underWay || state.ended.includes(id)) return state;
  const reply = state.reply?.generationId === id ? state.reply : newReply(id);
  return { ...state, failure: undefined, reply: { ...reply, parentId: parentId ?? reply.parentId } };
}

function changeReply(
  state: ChatState,
  generationId: string,
  change: (reply: LiveReply) => LiveReply,
): ChatState {
  if (state.reply?.generationId !== generationId) return state;
  const reply = change(state.reply);
  return reply === state.reply ? state : { ...state, reply };
}

function end(state: ChatState, generationId: string): ChatState {
  const ended = state.ended.includes(generationId)
    ? state.ended
    : [...state.ended, generationId].slice(-MAX_ENDED);
  return { ...state, ended, reply: state.reply?.generationId === generationId ? undefined : state.reply };
}

const without = (outbox: readonly OutboxMessage[], clientMessageId: string): OutboxMessage[] =>
  outbox.filter((entry) => entry.clientMessageId !== clientMessageId);
