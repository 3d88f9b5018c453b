import { Injectable } from '@nestjs/common';
import { aiErrors } from '../ai.errors.js';
import { AiSettings } from '../ai.settings.js';
import type { ChatMessage, Prompt, PromptHistoryMessage, PromptInput, PromptSource } from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { characterTemplate } from './character.template.js';
import { expandMacros } from './macros.js';
import { fillContext, segmentOf, type ContextMessage, type ContextPart } from './context.window.js';

/** Role and separators around each message, and the opening of the reply, in the chat formats of today's models. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_OF_REPLY_OPENING = 3;
/** Our count is another vocabulary's than the model's. */
const MARGIN = 0.02;

/** When each part takes its share of the window: history before examples, so examples are the first to go. */
const TURN = { mandatory: 0, history: 1, examples: 2 } as const;

@Injectable()
export class PromptBuilder {
  constructor(
    private readonly settings: AiSettings,
    private readonly counter: TokenCounter,
  ) {}

  /**
   * The messages for a reply to the newest user message. Pure: the same input gives the same prompt.
   *
   * @throws AppError `context-overflow` when the parts that may not be left out exceed the window.
   */
  build(input: PromptInput): Prompt {
    const window = this.settings.contextWindow;
    const reserved = (input.maxTokens ?? this.settings.maxTokens) + Math.ceil(window * MARGIN);
    const parts = this.parts(input);
    const filled = fillContext(parts, window - reserved - TOKENS_OF_REPLY_OPENING);
    const used = filled.used + TOKENS_OF_REPLY_OPENING;
    if (used > window - reserved) throw overflow(parts, { window, reserved });
    return {
      messages: filled.kept.map(({ role, content, source }): ChatMessage => ({ role, content, source })),
      promptTokens: used,
      budget: { window, reserved, used },
      dropped: filled.dropped,
      segments: filled.kept.map(segmentOf),
      character: input.character,
      userName: input.userName,
    };
  }

  /** A character's text as a reader sees it: names in the place of `{{char}}` and `{{user}}`. */
  render(text: string, characterName: string, userName: string): string {
    return expandMacros(text, { char: characterName, user: userName });
  }

  /** In the order of the prompt. */
  private parts({ character, userName, history }: PromptInput): ContextPart[] {
    const template = characterTemplate(character, userName);
    const instruction = (source: PromptSource, ...texts: string[]): ContextMessage[] =>
      texts.filter((text) => text !== '').map((text) => this.message('system', text, source));
    // What follows the newest user message (a reply to go on from) answers it and cannot be parted from it.
    const newest = history.findLastIndex((message) => message.role === 'user');
    const split = newest === -1 ? history.length : newest;
    const said = (message: PromptHistoryMessage, index: number): ContextMessage =>
      this.message(
        message.role === 'user' ? 'user' : 'assistant',
        message.text,
        sourceOf(message, index, newest, template.greeting),
        message.seq,
      );
    const talk = history.map(said);
    return [
      { turn: TURN.mandatory, fill: 'in-order', messages: instruction('system', template.system) },
      { turn: TURN.mandatory, fill: 'in-order', messages: instruction('character', template.character) },
      { turn: TURN.examples, fill: 'in-order', messages: instruction('example', ...template.examples) },
      { turn: TURN.history, fill: 'newest-first', messages: talk.slice(0, split) },
      { turn: TURN.mandatory, fill: 'in-order', messages: talk.slice(split) },
      { turn: TURN.mandatory, fill: 'in-order', messages: instruction('postHistory', template.postHistory) },
    ];
  }

  private message(
    role: ChatMessage['role'],
    content: string,
    source: PromptSource,
    messageSeq?: number,
  ): ContextMessage {
    const tokens = this.counter.count(content) + TOKENS_PER_MESSAGE;
    return { role, content, source, tokens, ...(messageSeq === undefined ? {} : { messageSeq }) };
  }
}

function sourceOf(
  message: PromptHistoryMessage,
  index: number,
  newest: number,
  greeting: string,
): PromptSource {
  if (index === newest) return 'message';
  return index === 0 && message.role === 'character' && message.text.trim() === greeting
    ? 'greeting'
    : 'history';
}

function overflow(parts: readonly ContextPart[], { window, reserved }: { window: number; reserved: number }) {
  const mandatory = parts.filter((part) => part.turn === TURN.mandatory).flatMap((part) => part.messages);
  const bySource: Partial<Record<PromptSource, number>> = {};
  for (const { source, tokens } of mandatory) bySource[source] = (bySource[source] ?? 0) + tokens;
  const required = mandatory.reduce((sum, { tokens }) => sum + tokens, TOKENS_OF_REPLY_OPENING);
  const available = Math.max(0, window - reserved);
  return aiErrors['context-overflow'](
    `The instructions and the newest message need ${required} tokens and ${available} are free (a window of ${window}, ` +
      `${reserved} of it reserved for the reply); shorten the message or the character, or ask for a shorter reply.`,
    { members: { window, reserved, available, required, parts: bySource } },
  );
}
