import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import type { Conversation, ConversationRef } from './conversation.js';
import { ChangesConversation } from './conversations.cache.js';
import { ConversationsRepository, type ConversationChange } from './conversations.repository.js';
import { MessagesRepository, type MessageRecord } from './messages/messages.repository.js';

/** Throws when the change must not be made to the conversation as it is now. */
type Check = (now: Conversation) => void;

export interface NewConversation extends Pick<
  Conversation,
  'id' | 'userId' | 'characterId' | 'title' | 'metadata'
> {
  /** The character's first words; empty for none. */
  greeting: string;
}

/** Every write to a conversation itself: checked under its lock, in one transaction, its caches dropped after it. */
@Injectable()
export class ConversationStore {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
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
      if (greeting === '') return { conversation: await this.reload(row.id), greeting: null };
      const message = await this.messages.insert({
        conversationId: row.id,
        seq: 1,
        role: 'character',
        text: greeting,
      });
      await this.conversations.recordMessage(row.id, { seq: 1, preview: greeting, read: true });
      return { conversation: await this.reload(row.id), greeting: message };
    });
  }

  @ChangesConversation()
  change(conversation: ConversationRef, change: ConversationChange, check: Check): Promise<Conversation> {
    return this.underLock(conversation, check, () => this.conversations.change(conversation.id, change));
  }

  @ChangesConversation()
  replaceMetadata(
    conversation: ConversationRef,
    metadata: Record<string, unknown>,
    check: Check,
  ): Promise<Conversation> {
    return this.underLock(conversation, check, () =>
      this.conversations.replaceMetadata(conversation.id, metadata),
    );
  }

  @ChangesConversation()
  markRead(conversation: ConversationRef, seq: number): Promise<Conversation> {
    return this.underLock(
      conversation,
      () => undefined,
      () => this.conversations.markRead(conversation.id, seq),
    );
  }

  @ChangesConversation()
  async remove(conversation: ConversationRef, check: Check): Promise<void> {
    await this.database.transaction(async () => {
      check(await this.lock(conversation));
      await this.conversations.remove(conversation.id);
    });
  }

  private underLock(
    conversation: ConversationRef,
    check: Check,
    write: () => Promise<void>,
  ): Promise<Conversation> {
    return this.database.transaction(async () => {
      check(await this.lock(conversation));
      await write();
      return this.reload(conversation.id);
    });
  }

  private async lock({ id, userId }: ConversationRef): Promise<Conversation> {
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
