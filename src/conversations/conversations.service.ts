import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { assertMatch, type Precondition } from '../platform/http/if-match.js';
import { Pagination } from '../platform/pagination/pagination.js';
import type { KeysetColumn } from '../platform/pagination/keyset.js';
import { DEFAULT_PAGE_LIMIT } from '../platform/pagination/page.dto.js';
import type { Conversation } from './conversation.js';
import { ConversationStore } from './conversation-store.service.js';
import { conversationById, conversationsOfUser, conversationsWithCharacter } from './conversations.cache.js';
import {
  toConversationSummary,
  type ChangeConversation,
  type ConversationPage,
  type ConversationsQuery,
  type MarkRead,
} from './conversations.dto.js';
import { conversationErrors } from './conversations.errors.js';
import { mayRead } from './conversations.policy.js';
import { GenerationsService } from './generations/generations.service.js';
import { ConversationsRepository } from './conversations.repository.js';

/** PostgreSQL's integer. */
const MAX_SEQ = 2 ** 31 - 1;

const BY_ACTIVITY: readonly KeysetColumn[] = [
  { expression: 'c.last_activity_at', type: 'timestamptz', direction: 'desc' },
  { expression: 'c.id', type: 'uuid', direction: 'desc' },
];

@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly store: ConversationStore,
    private readonly pagination: Pagination,
    private readonly outbox: EventOutbox,
    private readonly generations: GenerationsService,
  ) {}

  /** @throws not-found for everybody but its owner */
  async get(actor: Actor, id: string): Promise<Conversation> {
    const conversation = await this.find(id);
    if (conversation && mayRead(actor, conversation)) return conversation;
    throw platformErrors['not-found']('There is no such conversation.');
  }

  /** A missing one is not kept: anybody could fill the cache with ids that do not exist. */
  @Cacheable(conversationById, { unless: (found) => found === undefined })
  find(id: string): Promise<Conversation | undefined> {
    return this.conversations.find(id);
  }

  /** The pages that a client opens with are cached; filters, later pages and other sizes are not. */
  list(actor: Actor, query: ConversationsQuery): Promise<ConversationPage> {
    const { limit, cursor, order, archived, updatedSince, characterId } = query;
    const opening = limit === DEFAULT_PAGE_LIMIT && !cursor && !order && !archived && !updatedSince;
    if (!opening) return this.page(actor.id, query);
    return characterId ? this.openingWith(actor.id, characterId) : this.opening(actor.id);
  }

  @Cacheable(conversationsOfUser)
  opening(userId: string): Promise<ConversationPage> {
    return this.page(userId, { limit: DEFAULT_PAGE_LIMIT });
  }

  @Cacheable(conversationsWithCharacter)
  openingWith(userId: string, characterId: string): Promise<ConversationPage> {
    return this.page(userId, { limit: DEFAULT_PAGE_LIMIT, characterId });
  }

  async change(
    actor: Actor,
    id: string,
    change: ChangeConversation,
    ifMatch: Precondition | undefined,
  ): Promise<Conversation> {
    const conversation = await this.get(actor, id);
    return this.outbox.telling(() =>
      this.store.change(conversation, change, ({ version }) => assertMatch(version, ifMatch)),
    );
  }

  async remove(actor: Actor, id: string, ifMatch: Precondition | undefined): Promise<void> {
    const conversation = await this.get(actor, id);
    await this.outbox.telling(() =>
      this.store.remove(conversation, ({ version }) => assertMatch(version, ifMatch)),
    );
    await this.generations.stopIn(id);
  }

  async replaceMetadata(
    actor: Actor,
    id: string,
    metadata: Record<string, unknown>,
    ifMatch: Precondition | undefined,
  ): Promise<Conversation> {
    const conversation = await this.get(actor, id);
    return this.outbox.telling(() =>
      this.store.replaceMetadata(conversation, metadata, ({ metadataVersion }) =>
        assertMatch(metadataVersion, ifMatch),
      ),
    );
  }

  /** @throws seq-out-of-range beyond the newest message */
  async markRead(actor: Actor, id: string, { seq, private: isPrivate = false }: MarkRead): Promise<number> {
    const conversation = await this.get(actor, id);
    const { lastSeq, readSeq } = await this.outbox.telling(() =>
      this.store.markRead(conversation, Math.min(seq, MAX_SEQ), isPrivate),
    );
    if (seq > lastSeq) {
      const detail = `The newest message has seq ${lastSeq}.`;
      throw conversationErrors['seq-out-of-range'](detail, {
        errors: [{ pointer: '#/seq', code: 'seq-out-of-range', detail }],
      });
    }
    return readSeq;
  }

  private page(
    userId: string,
    { characterId, archived = false, updatedSince, ...request }: ConversationsQuery,
  ): Promise<ConversationPage> {
    const filters = { characterId, archived, updatedSince };
    return this.pagination.page({
      query: this.conversations.ownedBy(userId, filters),
      request,
      list: 'conversations',
      filters: { userId, ...filters, updatedSince: updatedSince?.toISOString() },
      keys: BY_ACTIVITY,
      toItem: toConversationSummary,
    });
  }
}
