import { CacheEvict, Caching, defineCache } from '@rapport/cache';
import type { PromptSummary } from '../ai/ai.types.js';
import type { Conversation, ConversationRef } from './conversation.js';
import type { ConversationPage } from './conversations.dto.js';
import type { HistoryMessage, MessageRecord } from './messages/messages.repository.js';

/** A conversation by id, for its reads and for every check of who may see it. */
export const conversationById = defineCache<[id: string], Conversation | undefined>({
  name: 'conversation:meta',
  key: (id) => [id],
  ttl: '30m',
  l1: { ttl: '1m' },
});

/** The first page of a user's list as it opens: newest activity first, not archived. */
export const conversationsOfUser = defineCache<[userId: string], ConversationPage>({
  name: 'user:conversations',
  key: (userId) => [userId],
  ttl: '30m',
  l1: { ttl: '1m' },
});

/** The same for one character. */
export const conversationsWithCharacter = defineCache<
  [userId: string, characterId: string],
  ConversationPage
>({
  name: 'conversation',
  key: (userId, characterId) => [userId, characterId],
  ttl: '30m',
  l1: { ttl: '1m' },
});

/** The newest messages, as a conversation opens. */
export const newestMessages = defineCache<[id: string], MessageRecord[]>({
  name: 'conversation:messages',
  key: (id) => [id],
  ttl: '2m',
  l1: { ttl: '30s' },
});

/** What a prompt looks back on, with the message it was made for. */
export interface Context {
  answeredId: string;
  history: HistoryMessage[];
  /** Whether the conversation begins before that. */
  hasEarlier: boolean;
  summary?: PromptSummary;
}

export const conversationContext = defineCache<[id: string], Context | undefined>({
  name: 'conversation:context',
  key: (id) => [id],
  ttl: '2m',
  l1: { ttl: '30s' },
  version: 2,
});

type Changing = (conversation: never, ...rest: never[]) => Promise<unknown>;
type OnConversation<Method extends Changing> = Parameters<Method>[0] extends ConversationRef
  ? unknown
  : never;

const byId = ({ id }: ConversationRef): [string] => [id];

/**
 * On a method that changes a conversation or its messages: after it (and after its transaction) drops everything that
 * is cached about the conversation that is its first argument.
 */
export function ChangesConversation() {
  const drop = Caching({
    evict: [
      CacheEvict(conversationById, byId),
      CacheEvict(newestMessages, byId),
      CacheEvict(conversationContext, byId),
      CacheEvict(conversationsOfUser, ({ userId }: ConversationRef): [string] => [userId]),
      CacheEvict(conversationsWithCharacter, ({ userId, characterId }: ConversationRef): [string, string] => [
        userId,
        characterId,
      ]),
    ],
  });
  return <Method extends Changing>(
    target: object,
    property: string,
    descriptor: TypedPropertyDescriptor<Method> & OnConversation<Method>,
  ): void => drop(target, property, descriptor);
}
