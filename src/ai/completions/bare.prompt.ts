import { aiErrors } from '../ai.errors.js';
import type { ChatMessage, Prompt, PromptCharacter } from '../ai.types.js';
import type { Turn } from './completions.types.js';

/** Role and separators around each message, and the opening of the reply. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_OF_REPLY_OPENING = 3;

const NOBODY: PromptCharacter = {
  name: 'Assistant',
  description: '',
  personality: '',
  scenario: '',
  systemPrompt: '',
  postHistoryInstructions: '',
  firstMessage: '',
  exampleDialogue: '',
};

export interface BareModel {
  window: number;
  /** The share of the window that is kept free, for what our count may be wrong by. */
  margin: number;
  maxTokens: number;
  count: (text: string) => number;
}

/**
 * What a caller wrote, as it is: nothing added and nothing left out.
 * @throws context-overflow
 */
export function barePrompt(
  instructions: string,
  turns: readonly Turn[],
  { window, margin, maxTokens, count }: BareModel,
): Prompt {
  const messages: ChatMessage[] = [
    ...(instructions === ''
      ? []
      : [{ role: 'system' as const, content: instructions, source: 'system' as const }]),
    ...turns.map(({ role, text }) => ({ role, content: text, source: 'history' as const })),
  ];
  const segments = messages.map(({ content, source }) => ({
    source,
    tokens: count(content) + TOKENS_PER_MESSAGE,
  }));
  const used = segments.reduce((sum, { tokens }) => sum + tokens, TOKENS_OF_REPLY_OPENING);
  const reserved = maxTokens + Math.ceil(window * margin);
  const available = Math.max(0, window - reserved);
  if (used > available) {
    throw aiErrors['context-overflow'](
      `The messages need ${used} tokens and ${available} are free (a window of ${window}, ${reserved} of it reserved ` +
        'for the reply); send fewer or shorter messages, or ask for a shorter reply.',
      { members: { window, reserved, available, required: used } },
    );
  }
  return {
    messages,
    promptTokens: used,
    budget: { window, reserved, used },
    dropped: [],
    segments,
    character: NOBODY,
    userName: '',
  };
}
