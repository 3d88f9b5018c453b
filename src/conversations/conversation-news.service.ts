import { Injectable } from '@nestjs/common';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { userStream } from '../users/users.events.js';
import type { Conversation } from './conversation.js';
import { toConversationSummary } from './conversations.dto.js';
import { BRANCH_CHANGED, CONVERSATION_UPDATED, conversationStream } from './conversations.events.js';
import { toMessage } from './messages/messages.dto.js';
import type { MessageRecord } from './messages/messages.repository.js';

/** What clients are told of a conversation, as part of the transaction that makes it true. */
@Injectable()
export class ConversationNews {
  constructor(private readonly outbox: EventOutbox) {}

  /** `active`: it is on the path that is shown. */
  message(type: string, message: MessageRecord, active: boolean): void {
    this.add(message.conversationId, type, { message: toMessage(message), active });
  }

  add(conversationId: string, type: string, data: object): void {
    this.outbox.add({ stream: conversationStream(conversationId), type, data });
  }

  /** Another branch is shown; it ends, for now, with this message or behind it. */
  branch(conversationId: string, leafId: string): void {
    this.add(conversationId, BRANCH_CHANGED, { conversationId, leafId });
  }

  /** For whoever shows its owner's list of conversations. */
  inList(conversation: Conversation): void {
    this.outbox.add({
      stream: userStream(conversation.userId),
      type: CONVERSATION_UPDATED,
      data: { conversation: toConversationSummary(conversation) },
    });
  }

  removed({ id: conversationId, userId }: Pick<Conversation, 'id' | 'userId'>, type: string): void {
    this.outbox.add({
      stream: conversationStream(conversationId),
      type,
      data: { conversationId },
      last: true,
    });
    this.outbox.add({ stream: userStream(userId), type, data: { conversationId } });
  }
}
