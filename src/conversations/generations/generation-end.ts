import type { EventOutbox } from '../../platform/events/event-outbox.service.js';
import {
  conversationRoom,
  generationStream,
  REPLY_COMPLETED,
  REPLY_FAILED,
  REPLY_SNAPSHOT,
  REPLY_STARTED,
  type ReplyCompleted,
  type ReplyFailed,
  startOf,
  type ReplySnapshot,
} from '../conversations.events.js';
import { toMessage } from '../messages/messages.dto.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import type { GenerationEntity } from './generation.entity.js';
import type { GenerationEnd } from './generations.repository.js';

export interface Ended extends GenerationEnd {
  status: 'completed' | 'cancelled' | 'failed';
  /** The log may lack some of what was said; it is told once more, before the end. */
  retold?: boolean;
  /** Whether the model had begun to answer, which is what is charged. */
  charged: boolean;
}

export interface StoredReply {
  message: MessageRecord;
  /** On the path that is shown. */
  active: boolean;
}

type Closing = Parameters<EventOutbox['add']>[0];

/** What is told last, whatever the log has kept of the reply until then. */
export function closingEvents(
  generation: GenerationEntity,
  { retold, ...end }: GenerationEnd & Pick<Ended, 'retold'>,
  reply: StoredReply | null,
): Closing[] {
  const { id, conversationId } = generation;
  const where = { stream: generationStream(id), room: conversationRoom(conversationId) };
  const closing: Closing = { ...where, ...terminalEvent({ id, ...end }, reply), last: true };
  if (!retold || end.text === '') return [closing];
  const snapshot: ReplySnapshot = { generationId: id, offset: 0, text: end.text };
  return [
    { ...where, type: REPLY_STARTED, data: startOf(generation), begins: true },
    { ...where, type: REPLY_SNAPSHOT, data: snapshot },
    closing,
  ];
}

/** How clients are told that a generation is over. */
export function terminalEvent(
  {
    id,
    status,
    finishReason,
    error,
    text,
    promptTokens,
    completionTokens,
  }: Pick<GenerationEntity, 'id'> & GenerationEnd,
  reply: StoredReply | null,
): { type: string; data: ReplyCompleted | ReplyFailed } {
  if (status === 'failed') {
    return { type: REPLY_FAILED, data: { generationId: id, error: error ?? {}, text } };
  }
  const usage = { promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 };
  return {
    type: REPLY_COMPLETED,
    data: {
      generationId: id,
      message: reply && toMessage(reply.message),
      active: reply?.active ?? false,
      usage,
      finishReason: (finishReason ?? 'stop') as ReplyCompleted['finishReason'],
    },
  };
}
