import type { ChatMessage, DropReason, PromptSegment, PromptSource } from '../ai.types.js';

export interface ContextMessage {
  role: ChatMessage['role'];
  content: string;
  source: PromptSource;
  tokens: number;
  messageSeq?: number;
  entryId?: string;
  toolResult?: true;
}

/** What may go into a prompt, each kind in the order in which it is wanted. */
export interface ContextCandidates {
  /** Kept whole, whatever they cost. */
  mandatory: readonly ContextMessage[];
  /** Oldest first; the newest are wanted most. */
  history: readonly ContextMessage[];
  /** The most important first. */
  lore: readonly ContextMessage[];
  /** What all lore together may take. */
  loreTokens?: number;
  /** Lore that gives way to everything else. */
  expendable: ReadonlySet<ContextMessage>;
  /** Only for a conversation that does not fit as a whole. */
  summary?: ContextMessage;
  examples: readonly ContextMessage[];
}

export interface FilledContext {
  kept: ReadonlySet<ContextMessage>;
  dropped: ReadonlyMap<ContextMessage, DropReason>;
  used: number;
}

/** Lore may be large; beside it, the newest messages can have this share of what is free. */
const HISTORY_SHARE = 0.5;

/**
 * Decides what fits into `available` tokens. In turn: what is mandatory; the newest messages, up to half of what is left;
 * lore, within its own budget; the summary; the rest of the history as an unbroken run; lore that may be given up; and
 * the examples, only where nothing else was left out. So examples go first, then lore, then history, and no amount of lore
 * costs the messages just said. Uses more than `available` only for what is mandatory; the caller checks that.
 */
export function fillContext(candidates: ContextCandidates, available: number): FilledContext {
  const { mandatory, history, expendable, summary, examples } = candidates;
  const room = new Room(available);
  for (const message of mandatory) room.take(message);

  const newestFirst = history.toReversed();
  const share = room.left - Math.max(0, room.left) * HISTORY_SHARE;
  const recent = newestFirst.findIndex((message) => !room.takeWithin(message, share));
  const rest = recent === -1 ? [] : newestFirst.slice(recent);

  const lore = room.withinLoreTokens(candidates);
  room.takeRun(lore.filter((message) => !expendable.has(message)));
  if (summary) room.takeRun([summary]);
  room.takeRun(rest);
  room.dropDangling(history);
  room.takeRun(lore.filter((message) => expendable.has(message)));
  if (room.isFull) room.drop(examples, 'budget');
  else room.takeRun(examples);
  return { kept: room.kept, dropped: room.dropped, used: available - room.left };
}

class Room {
  readonly kept = new Set<ContextMessage>();
  readonly dropped = new Map<ContextMessage, DropReason>();

  constructor(public left: number) {}

  /** Something had to be left out for want of room. */
  get isFull(): boolean {
    return [...this.dropped.values()].includes('budget');
  }

  take(message: ContextMessage): void {
    this.kept.add(message);
    this.left -= message.tokens;
  }

  /** False when it would leave less than `least`. */
  takeWithin(message: ContextMessage, least: number): boolean {
    if (this.left - message.tokens < Math.max(0, least)) return false;
    this.take(message);
    return true;
  }

  /** Those before the first that does not fit: none takes the room of one that is wanted more. */
  takeRun(messages: readonly ContextMessage[]): void {
    const unfit = messages.findIndex((message) => !this.takeWithin(message, 0));
    if (unfit !== -1) this.drop(messages.slice(unfit), 'budget');
  }

  drop(messages: readonly ContextMessage[], reason: DropReason): void {
    for (const message of messages) this.dropped.set(message, reason);
  }

  /** Without what the book's own budget leaves out: the least important, and what is larger than all of it. */
  withinLoreTokens({ lore, loreTokens = Infinity }: ContextCandidates): ContextMessage[] {
    const possible = lore.filter(({ tokens }) => tokens <= loreTokens);
    let sum = 0;
    const unfit = possible.findIndex(({ tokens }) => (sum += tokens) > loreTokens);
    const within = unfit === -1 ? possible : possible.slice(0, unfit);
    this.drop(
      lore.filter((message) => !within.includes(message)),
      'token-budget',
    );
    return within;
  }

  /** A history that was cut does not begin with a tool's result: what it answers is gone. */
  dropDangling(history: readonly ContextMessage[]): void {
    for (const [index, message] of history.entries()) {
      if (!this.kept.has(message)) continue;
      if (message.toolResult === undefined || index === 0) return;
      this.kept.delete(message);
      this.left += message.tokens;
      this.drop([message], 'dangling');
    }
  }
}

export const segmentOf = ({ source, tokens, messageSeq, entryId }: ContextMessage): PromptSegment => ({
  source,
  tokens,
  ...(messageSeq === undefined ? {} : { messageSeq }),
  ...(entryId === undefined ? {} : { entryId }),
});
