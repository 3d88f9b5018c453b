import type { Message } from './messages/messages.dto.js';

/** Durable facts of a conversation live in its own stream; a reply's progress in its generation's. */
export const conversationStream = (conversationId: string): string => `conversation:${conversationId}`;
export const generationStream = (generationId: string): string => `generation:${generationId}`;

/** The audience of both: sockets that joined the conversation. */
export const conversationRoom = (conversationId: string): string => conversationStream(conversationId);

export interface ReplyStarted {
  generationId: string;
  messageId: string;
  parentId: string;
}

export const startOf = ({
  id: generationId,
  replyMessageId: messageId,
  parentMessageId: parentId,
}: {
  id: string;
  replyMessageId: string;
  parentMessageId: string;
}): ReplyStarted => ({ generationId, messageId, parentId });

/** `offset` counts the UTF-16 units already emitted, so that applying a delta twice is harmless. */
export interface ReplyDelta {
  generationId: string;
  offset: number;
  text: string;
}

/** Stands for everything said so far where the deltas are no longer kept. */
export interface ReplySnapshot {
  generationId: string;
  offset: 0;
  text: string;
}

export interface ReplyCompleted {
  generationId: string;
  /** Null when the reply was cancelled before its first word. */
  message: Message | null;
  /** Whether it is on the path that is shown; a variant is not where its user has gone on without it. */
  active: boolean;
  usage: { promptTokens: number; completionTokens: number };
  finishReason: 'stop' | 'length' | 'filter' | 'cancelled';
}

export interface ReplyFailed {
  generationId: string;
  error: object;
  /** What had been said before it failed. */
  text: string;
}

export const REPLY_STARTED = 'reply.started';
export const REPLY_DELTA = 'reply.delta';
export const REPLY_SNAPSHOT = 'reply.snapshot';
export const REPLY_COMPLETED = 'reply.completed';
export const REPLY_FAILED = 'reply.failed';

export const endsReply = (type: string): boolean => type === REPLY_COMPLETED || type === REPLY_FAILED;

export const MESSAGE_CREATED = 'message.created';
export const MESSAGE_UPDATED = 'message.updated';
export const MESSAGE_DELETED = 'message.deleted';
/** Another path through the conversation's messages is shown now; read them again. */
export const BRANCH_CHANGED = 'branch.changed';
export const CONVERSATION_UPDATED = 'conversation.updated';
export const CONVERSATION_DELETED = 'conversation.deleted';
export const RECEIPT_UPDATED = 'receipt.updated';
/** Ephemeral, and replaces what was told before. */
export const TYPING_UPDATED = 'typing.updated';

/** Asks whichever instance streams a generation to stop it. Not kept, not sent to clients. */
export const CANCEL_REQUESTED = 'generation.cancel-requested';
