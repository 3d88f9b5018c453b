import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { TopicOf, type StreamTopic } from '../platform/sockets/stream-topic.js';
import type { Conversation } from './conversation.js';
import { conversationRoom } from './conversations.events.js';
import { mayRead } from './conversations.policy.js';
import { ConversationsService } from './conversations.service.js';

/** Streams `conversation:<id>`: its messages and what becomes of it. */
@Injectable()
@TopicOf('conversation')
export class ConversationTopic implements StreamTopic<Conversation> {
  constructor(private readonly conversations: ConversationsService) {}

  async authorize(actor: Actor, id: string): Promise<Conversation | undefined> {
    const conversation = await this.conversations.find(id);
    return conversation && mayRead(actor, conversation) ? conversation : undefined;
  }

  room({ id }: Conversation): string {
    return conversationRoom(id);
  }

  snapshot({ id }: Conversation): string {
    return `/api/conversations/${id}/messages`;
  }
}
