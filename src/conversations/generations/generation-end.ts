import {
  REPLY_COMPLETED,
  REPLY_FAILED,
  type ReplyCompleted,
  type ReplyFailed,
} from '../conversations.events.js';
import { toMessage } from '../messages/messages.dto.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import type { GenerationEntity } from './generation.entity.js';
import type { GenerationEnd } from './generations.repository.js';

export interface Ended extends GenerationEnd {
  status: 'completed' | 'cancelled' | 'failed';
  /** Whether the model had begun to answer, which is what is charged. */
  charged: boolean;
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
  message: MessageRecord | null,
): { type: string; data: ReplyCompleted | ReplyFailed } {
  if (status === 'failed') {
    return { type: REPLY_FAILED, data: { generationId: id, error: error ?? {}, text } };
  }
  const usage = { promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 };
  return {
    type: REPLY_COMPLETED,
    data: {
      generationId: id,
      message: message && toMessage(message),
      usage,
      finishReason: (finishReason ?? 'stop') as ReplyCompleted['finishReason'],
    },
  };
}
