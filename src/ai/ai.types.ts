import type { Lorebook } from '../characters/cards/card.types.js';
import type { LoreFinding } from './lorebook/lore.scan.js';

/** Where a prompt message comes from; the context explanation and the budget speak in these terms. */
export type PromptSource =
  | 'system'
  | 'character'
  | 'lore'
  | 'summary'
  | 'example'
  | 'greeting'
  | 'history'
  | 'postHistory'
  | 'message';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
  source: PromptSource;
}

/** What a prompt needs to know of a character, in the terms of a card. Empty fields are empty strings. */
export interface PromptCharacter {
  name: string;
  /** What `{{char}}` becomes, where it is not the name. */
  nickname?: string;
  description: string;
  personality: string;
  scenario: string;
  /** Empty: the default system prompt. `{{original}}` stands for the default. */
  systemPrompt: string;
  postHistoryInstructions: string;
  firstMessage: string;
  alternateGreetings?: readonly string[];
  /** Blocks separated by `<START>`, lines beginning with `{{user}}:` or `{{char}}:`. */
  exampleDialogue: string;
  lorebook?: Lorebook;
}

export interface PromptHistoryMessage {
  role: 'user' | 'character';
  text: string;
  seq: number;
  /** What a tool gave to the message before it; means nothing without that. */
  toolResult?: true;
}

/** What a conversation said that is too long ago to be in the prompt itself. */
export interface PromptSummary {
  text: string;
  coversThroughSeq: number;
}

export interface PromptInput {
  character: PromptCharacter;
  userName: string;
  /** Oldest first; ends with the message to answer. */
  history: readonly PromptHistoryMessage[];
  /** Whether the conversation begins before `history` does. */
  hasEarlier?: boolean;
  summary?: PromptSummary;
  /** Of the caller's, after the character's own; taken as they are written, macros in them are text. */
  instructions?: string;
  maxTokens?: number;
  model?: string;
  /** Decides where a card leaves something to chance. @default the newest message's seq */
  seed?: number;
}

export interface PromptSegment {
  source: PromptSource;
  tokens: number;
  messageSeq?: number;
  /** Of the lorebook. */
  entryId?: string;
}

/**
 * `budget`: it did not fit beside what comes before it. `token-budget`: the lorebook's own limit. `not-needed`: a summary
 * of what the prompt holds in full. `dangling`: a tool's result whose question was left out.
 */
export type DropReason = 'budget' | 'token-budget' | 'not-needed' | 'dangling';

export interface DroppedSegment extends PromptSegment {
  reason: DropReason;
}

export interface PromptBudget {
  /** Tokens the model can hold. */
  window: number;
  /** Kept free for the reply and for the margin between our count and the model's. */
  reserved: number;
  /** Tokens of the prompt; never more than `window - reserved`. */
  used: number;
}

export interface Prompt {
  messages: ChatMessage[];
  promptTokens: number;
  budget: PromptBudget;
  /** What was left out, oldest first within a source. */
  dropped: DroppedSegment[];
  /** One per message, in the same order. */
  segments: PromptSegment[];
  character: PromptCharacter;
  userName: string;
}

/** A prompt that says how it came about. */
export interface ExplainedPrompt extends Prompt {
  /** What became of each entry of the lorebook, in its order. */
  lore: LoreFinding[];
  /** The oldest message that is in it; null without any. */
  coversFromSeq: number | null;
}

export interface ReplyRequest {
  prompt: Prompt;
  model?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
  /** Aborting ends the stream at once; the iterator then throws the signal's reason. */
  signal: AbortSignal;
}

export type FinishReason = 'stop' | 'length' | 'filter';

export interface ReplyUsage {
  promptTokens: number;
  completionTokens: number;
}

/** Deltas, then exactly one end. A delta never ends inside a surrogate pair. */
export type ReplyChunk =
  { type: 'delta'; text: string } | { type: 'end'; finishReason: FinishReason; usage: ReplyUsage };

export interface AiModel {
  id: string;
  /** Tokens that prompt and reply may take together. */
  contextWindow: number;
  isDefault: boolean;
}

export interface AiHealth {
  status: 'ok' | 'degraded' | 'down';
  latencyMs: number;
}
