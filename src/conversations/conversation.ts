import type { ConversationEntity } from './conversation.entity.js';

/** A conversation as services pass it on and caches keep it: plain data. */
export type Conversation = Readonly<Omit<ConversationEntity, 'deletedAt'>>;

/** What names a conversation together with everything that is cached under its owner and character. */
export type ConversationRef = Pick<Conversation, 'id' | 'userId' | 'characterId'>;

export const toRecord = ({ deletedAt: _deletedAt, ...row }: ConversationEntity): Conversation => ({ ...row });
