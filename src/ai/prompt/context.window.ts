import type { ChatMessage, DroppedSegment, PromptSegment, PromptSource } from '../ai.types.js';

export interface ContextMessage {
  role: ChatMessage['role'];
  content: string;
  source: PromptSource;
  tokens: number;
  messageSeq?: number;
}

/**
 * Messages that stand together in the prompt. Parts are listed in the order of the prompt; `turn` says when a part
 * takes its share of the tokens, so position and importance are independent.
 */
export interface ContextPart {
  messages: ContextMessage[];
  /**
   * Lower takes first, and higher is given up first: a part gets nothing once one before it had to leave something
   * out. 0 is mandatory: such a part is kept whole, whatever it costs.
   */
  turn: number;
  /** `newest-first` keeps an unbroken run up to the last message; `in-order` keeps those before the first that does not fit. */
  fill: 'newest-first' | 'in-order';
}

export interface FilledContext {
  kept: ContextMessage[];
  dropped: DroppedSegment[];
  used: number;
}

/** Never uses more than `available`, except for what the mandatory parts alone need; the caller checks those. */
export function fillContext(parts: readonly ContextPart[], available: number): FilledContext {
  const kept = new Set<ContextMessage>();
  let left = available;
  let full = false;
  for (const part of [...parts].sort((a, b) => a.turn - b.turn)) {
    const candidates = part.fill === 'newest-first' ? [...part.messages].reverse() : part.messages;
    for (const message of candidates) {
      full ||= part.turn > 0 && message.tokens > left;
      if (full) break;
      kept.add(message);
      left -= message.tokens;
    }
  }
  const all = parts.flatMap((part) => part.messages);
  return {
    kept: all.filter((message) => kept.has(message)),
    dropped: all
      .filter((message) => !kept.has(message))
      .map((message) => ({ ...segmentOf(message), reason: 'budget' as const })),
    used: available - left,
  };
}

export const segmentOf = ({ source, tokens, messageSeq }: ContextMessage): PromptSegment => ({
  source,
  tokens,
  ...(messageSeq === undefined ? {} : { messageSeq }),
});
