/** Where a prompt message comes from; the context explanation and the budget speak in these terms. */
export type PromptSource =
  'system' | 'character' | 'example' | 'greeting' | 'history' | 'postHistory' | 'message';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
  source: PromptSource;
}

/** What a prompt needs to know of a character, in the terms of a V2 card. Empty fields are empty strings. */
export interface PromptCharacter {
  name: string;
  description: string;
  personality: string;
  scenario: string;
  /** Empty: the default system prompt. `{{original}}` stands for the default. */
  systemPrompt: string;
  postHistoryInstructions: string;
  firstMessage: string;
  /** Blocks separated by `<START>`, lines beginning with `{{user}}:` or `{{char}}:`. */
  exampleDialogue: string;
}

export interface PromptHistoryMessage {
  role: 'user' | 'character';
  text: string;
  seq: number;
}

export interface PromptInput {
  character: PromptCharacter;
  userName: string;
  /** Oldest first; ends with the message to answer. */
  history: readonly PromptHistoryMessage[];
  maxTokens?: number;
  model?: string;
}

export interface PromptSegment {
  source: PromptSource;
  tokens: number;
  messageSeq?: number;
}

export interface DroppedSegment extends PromptSegment {
  /** `budget`: it did not fit beside what comes before it. */
  reason: 'budget';
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

export interface AiHealth {
  status: 'ok' | 'degraded' | 'down';
  latencyMs: number;
}
