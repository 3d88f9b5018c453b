import type { GenerationEntity, GenerationStatus } from './generation.entity.js';

/** Enough to follow a reply: poll `GET /api/generations/{id}` or stream `eventsUrl`. */
export class GenerationHandle {
  id!: string;
  status!: GenerationStatus;
  eventsUrl!: string;
}

export class GenerationUsage {
  promptTokens!: number;
  completionTokens!: number;
}

export class Generation {
  id!: string;
  conversationId!: string;
  /** The user's message that is answered. */
  parentMessageId!: string;
  /** The id that the reply is stored under. */
  messageId!: string;
  status!: GenerationStatus;
  /** What has been said so far. */
  text!: string;
  /** UTF-16 units of `text`. */
  length!: number;
  finishReason!: string | null;
  /** The problem that ended a failed generation. */
  error!: Record<string, unknown> | null;
  usage!: GenerationUsage | null;
  /** Version of the character that the prompt was made from. */
  promptVersion!: number | null;
  createdAt!: string;
  completedAt!: string | null;
}

export class CancelledGeneration {
  status!: 'cancelled';
  text!: string;
}

export const toGenerationHandle = (row: Pick<GenerationEntity, 'id' | 'status'>): GenerationHandle => ({
  id: row.id,
  status: row.status,
  eventsUrl: `/api/generations/${row.id}/events`,
});

export const toGeneration = (row: GenerationEntity): Generation => ({
  id: row.id,
  conversationId: row.conversationId,
  parentMessageId: row.parentMessageId,
  messageId: row.replyMessageId,
  status: row.status,
  text: row.text,
  length: row.text.length,
  finishReason: row.finishReason,
  error: row.error,
  usage:
    row.promptTokens === null
      ? null
      : { promptTokens: row.promptTokens, completionTokens: row.completionTokens ?? 0 },
  promptVersion: row.promptVersion,
  createdAt: row.createdAt.toISOString(),
  completedAt: row.completedAt?.toISOString() ?? null,
});
