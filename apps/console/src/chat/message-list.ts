import type { Message } from '../api/api.types.js';

/**
 * Puts a message in its place by `seq`: new, changed, or known already. A character's message takes the place of the
 * other variants of the same answer, for only one of them is part of the conversation.
 */
export function withMessage(messages: readonly Message[], message: Message): Message[] {
  const others = messages.filter((other) => other.id !== message.id && !areVariants(other, message));
  const after = others.findIndex(({ seq }) => seq > message.seq);
  return after < 0 ? [...others, message] : others.toSpliced(after, 0, message);
}

/** Older messages in front; the windows may overlap. */
export function withOlder(messages: readonly Message[], older: readonly Message[]): Message[] {
  const known = new Set(messages.map(({ id }) => id));
  return [...older.filter(({ id }) => !known.has(id)), ...messages];
}

const areVariants = (one: Message, other: Message): boolean =>
  one.role === 'character' &&
  other.role === 'character' &&
  one.parentId !== null &&
  one.parentId === other.parentId;
