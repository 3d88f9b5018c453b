import type { Actor } from '../platform/actor/actor.js';

/** A conversation belongs to one person; nobody else learns that it exists. */
export const mayRead = (actor: Actor, conversation: { userId: string }): boolean =>
  actor.id === conversation.userId;
