import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { Conversation, ConversationRef } from './conversation.js';
import { ConversationNews } from './conversation-news.service.js';
import { ChangesConversation } from './conversations.cache.js';
import { toConversation } from './conversations.dto.js';
import {
  CONVERSATION_DELETED,
  CONVERSATION_UPDATED,
  MESSAGE_CREATED,
  RECEIPT_UPDATED,
} from './conversations.events.js';
import { ConversationsRepository, type ConversationChange } from './conversations.repository.js';
import { MessagesRepository, type MessageRecord } from './messages/messages.repository.js';

/** Throws when the change must not be made to the conversation as it is now. */
type Check = (now: Conversation) => void;
const unchecked: Check = () => undefined;

type OwnedId = Pick<ConversationRef, 'id' | 'userId'>;

export interface NewConversation extends Pick<
  Conversation,
  'id' | 'userId' | 'characterId' | 'title' | 'metadata'
> {
  /** The character's first words; empty for none. */
  greeting: string;
}

/**
 * Every write to a conversation itself: checked under its lock, in one transaction with what clients are told of it, its
 * caches dropped after it.
 */
@Injectable()
export class ConversationStore {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly news: ConversationNews,
  ) {}

  /** `recorded` joins the transaction. */
  @ChangesConversation()
  start(
    { greeting, ...row }: NewConversation,
    recorded: () => Promise<void>,
  ): Promise<{ conversation: Conversation; greeting: MessageRecord | null }> {
    return this.database.transaction(async () => {
      await this.conversations.insert(row);
      await recorded();
      if (greeting === '') {
        const conversation = await this.reload(row.id);
        this.news.inList(conversation);
        return { conversation, greeting: null };
      }
      const message = await this.messages.insert({
        conversationId: row.id,
        ownerId: row.userId,
        seq: 1,
        role: 'character',
        text: greeting,
      });
      await this.conversations.recordMessage(row.id, { seq: 1, preview: greeting, read: true });
      this.news.message(MESSAGE_CREATED, message, true);
      const conversation = await this.reload(row.id);
      this.news.inList(conversation);
      return { conversation, greeting: message };
    });
  }

  @ChangesConversation()
  change(conversation: ConversationRef, change: ConversationChange, check: Check): Promise<Conversation> {
    return this.underLock(conversation, check, async () => {
      await this.conversations.change(conversation.id, change);
      return this.updated(conversation.id);
    });
  }

  @ChangesConversation()
  replaceMetadata(
    conversation: ConversationRef,
    metadata: Record<string, unknown>,
    check: Check,
  ): Promise<Conversation> {
    return this.underLock(conversation, check, async () => {
      await this.conversations.replaceMetadata(conversation.id, metadata);
      return this.updated(conversation.id);
    });
  }

  @ChangesConversation()
  markRead({ id, userId }: ConversationRef, seq: number, isPrivate: boolean): Promise<Conversation> {
    return this.underLock({ id, userId }, unchecked, async (before) => {
      await this.conversations.markRead(id, seq);
      const now = await this.reload(id);
      const advanced = now.readSeq > before.readSeq;
      if (advanced && !isPrivate) {
        this.news.add(id, RECEIPT_UPDATED, { conversationId: id, userId, seq: now.readSeq });
      }
      if (advanced) this.news.inList(now);
      return now;
    });
  }

  @ChangesConversation()
  async remove(conversation: ConversationRef, check: Check): Promise<void> {
    await this.database.transaction(async () => {
      check(await this.lock(conversation));
      await this.conversations.remove(conversation.id);
      this.news.removed(conversation, CONVERSATION_DELETED);
    });
  }

  private underLock(
    conversation: OwnedId,
    check: Check,
    write: (before: Conversation) => Promise<Conversation>,
  ): Promise<Conversation> {
    return this.database.transaction(async () => {
      const before = await this.lock(conversation);
      check(before);
      return write(before);
    });
  }

  private async updated(id: string): Promise<Conversation> {
    const conversation = await this.reload(id);
    this.news.add(id, CONVERSATION_UPDATED, { conversation: toConversation(conversation) });
    this.news.inList(conversation);
    return conversation;
  }

  private async lock({ id, userId }: OwnedId): Promise<Conversation> {
    const locked = await this.conversations.lock(id, userId);
    if (!locked) throw platformErrors['not-found']('There is no such conversation.');
    return locked;
  }

  private async reload(id: string): Promise<Conversation> {
    const conversation = await this.conversations.find(id);
    if (!conversation) throw new Error(`Conversation ${id} vanished inside its own transaction.`);
    return conversation;
  }
}
