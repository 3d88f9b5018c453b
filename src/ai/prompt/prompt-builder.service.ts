import { Injectable } from '@nestjs/common';
import { aiErrors } from '../ai.errors.js';
import { AiSettings } from '../ai.settings.js';
import type {
  ChatMessage,
  ExplainedPrompt,
  PromptBudget,
  PromptCharacter,
  PromptInput,
  PromptSource,
} from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { spokenName } from './character.template.js';
import { fillContext, segmentOf, type ContextMessage, type FilledContext } from './context.window.js';
import { expandMacros } from './macros.js';
import { draftPrompt, type PromptDraft } from './prompt.draft.js';

/** Role and separators around each message, and the opening of the reply, in the chat formats of today's models. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_OF_REPLY_OPENING = 3;

@Injectable()
export class PromptBuilder {
  constructor(
    private readonly settings: AiSettings,
    private readonly counter: TokenCounter,
  ) {}

  /**
   * The messages for a reply to the newest user message, and why each piece is in or out. Pure: the same input gives the
   * same prompt.
   *
   * @throws AppError `context-overflow` when the parts that may not be left out exceed the window.
   */
  build(input: PromptInput): ExplainedPrompt {
    const model = this.answeringModel(input.model);
    const window = this.settings.windowOf(model);
    const { tokenizer, margin } = this.settings.countingOf(model);
    const reserved = (input.maxTokens ?? this.settings.maxTokens) + Math.ceil(window * margin);
    const draft = draftPrompt(input, (role, content, source, more) => {
      const tokens = this.counter.count(content, tokenizer) + TOKENS_PER_MESSAGE;
      return { role, content, source, tokens, ...more };
    });
    const filled = fill(draft, input, window - reserved - TOKENS_OF_REPLY_OPENING);
    const used = filled.used + TOKENS_OF_REPLY_OPENING;
    if (used > window - reserved) throw overflow(draft.candidates.mandatory, { window, reserved, used });
    const kept = inOrder(draft, filled.kept);
    return {
      messages: kept.map(({ role, content, source }): ChatMessage => ({ role, content, source })),
      promptTokens: used,
      budget: { window, reserved, used },
      dropped: droppedFrom(draft, filled),
      segments: kept.map(segmentOf),
      character: input.character,
      userName: input.userName,
      lore: draft.lore,
      coversFromSeq: kept.find(({ messageSeq }) => messageSeq !== undefined)?.messageSeq ?? null,
    };
  }

  /** A character's text as a reader sees it: names in the place of `{{char}}` and `{{user}}`. */
  render(text: string, character: Pick<PromptCharacter, 'name' | 'nickname'>, userName: string): string {
    return expandMacros(text, { char: spokenName(character), user: userName });
  }

  /** Whose window and vocabulary count; none of both offline. */
  private answeringModel(asked: string | undefined): string | undefined {
    return this.settings.baseUrl === undefined ? undefined : (asked ?? this.settings.model);
  }
}

/** A summary is only for a conversation that is not there as a whole; it takes room, so that is seen first. */
function fill(
  { candidates }: PromptDraft,
  { hasEarlier = false }: PromptInput,
  available: number,
): FilledContext {
  const { summary, ...others } = candidates;
  const whole = fillContext(others, available);
  if (!summary) return whole;
  const isCut = hasEarlier || others.history.some((message) => !whole.kept.has(message));
  return isCut
    ? fillContext(candidates, available)
    : { ...whole, dropped: new Map([...whole.dropped, [summary, 'not-needed']]) };
}

/** What is kept, as the model reads it. */
function inOrder(
  { opening, talk, closing, woven }: PromptDraft,
  kept: ReadonlySet<ContextMessage>,
): ContextMessage[] {
  const isKept = (message: ContextMessage): boolean => kept.has(message);
  const said = talk.filter(isKept);
  const lore = woven.filter(({ message }) => isKept(message));
  const placeOf = (depth: number): number => Math.max(0, said.length - depth);
  const loreAt = (place: number): ContextMessage[] =>
    lore.filter(({ depth }) => placeOf(depth) === place).map(({ message }) => message);
  return [
    ...opening.filter(isKept),
    ...said.flatMap((message, index) => [...loreAt(index), message]),
    ...loreAt(said.length),
    ...closing.filter(isKept),
  ];
}

function droppedFrom(
  { opening, talk, woven }: PromptDraft,
  { dropped }: FilledContext,
): ExplainedPrompt['dropped'] {
  return [...opening, ...talk, ...woven.map(({ message }) => message)].flatMap((message) => {
    const reason = dropped.get(message);
    return reason === undefined ? [] : [{ ...segmentOf(message), reason }];
  });
}

function overflow(
  mandatory: readonly ContextMessage[],
  { window, reserved, used }: PromptBudget,
): ReturnType<(typeof aiErrors)['context-overflow']> {
  const parts: Partial<Record<PromptSource, number>> = {};
  for (const { source, tokens } of mandatory) parts[source] = (parts[source] ?? 0) + tokens;
  const available = Math.max(0, window - reserved);
  return aiErrors['context-overflow'](
    `The instructions and the newest message need ${used} tokens and ${available} are free (a window of ${window}, ` +
      `${reserved} of it reserved for the reply); shorten the message or the character, or ask for a shorter reply.`,
    { members: { window, reserved, available, required: used, parts } },
  );
}
