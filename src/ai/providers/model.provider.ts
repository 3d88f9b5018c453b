import type { AiHealth, ReplyChunk, ReplyRequest } from '../ai.types.js';

/** Something that answers prompts. Its stream ends with one `end` chunk or throws; an abort throws the signal's reason. */
export interface ModelProvider {
  readonly description: string;
  stream(request: ReplyRequest): AsyncIterable<ReplyChunk>;
  /** Must settle, never reject, once the signal aborts. */
  check(signal: AbortSignal): Promise<AiHealth['status']>;
}
