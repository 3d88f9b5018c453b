import type { FinishReason, ReplyChunk, ReplyUsage } from '../ai.types.js';

/** Begun: the first of them is known to be a delta. */
export interface PeekedChunks extends AsyncIterableIterator<ReplyChunk> {
  /** Ends the source, wherever it is; harmless after its end. */
  return(): Promise<IteratorResult<ReplyChunk>>;
}

/** One turn of a conversation that its caller keeps. */
export interface Turn {
  role: 'user' | 'assistant';
  text: string;
}

export interface CompletionOptions {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
  /** The reply ends before the first of these. */
  stop?: readonly string[];
}

export interface CompletionRequest extends CompletionOptions {
  /** Who answers; without it the bare model. */
  characterId?: string;
  /** What the caller adds to the instructions: after the character's own, or all that a bare model gets. */
  instructions: string;
  /** Oldest first, with at least one message of the user. */
  turns: readonly Turn[];
  /** Aborting ends the reply at once. */
  signal: AbortSignal;
}

/** A reply that has begun: its first words are there. */
export interface OpenReply {
  /** Deltas, then one end. Leaving the loop early closes the connection to the model, and so does `return()`. */
  chunks: PeekedChunks;
  /** What it took, once it is over, however it ended. */
  ended: Promise<ReplyUsage>;
}

/** A reply that was read to its end. */
export interface WholeReply {
  text: string;
  finishReason: FinishReason;
  usage: ReplyUsage;
}
