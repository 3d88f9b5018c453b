import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import type { LogEvent } from '../platform/events/event-log.js';
import { EventLog } from '../platform/events/event-log.service.js';
import { Clock } from '../platform/clock/clock.js';
import { BurstLimit } from '../platform/rate-limit/burst-limit.js';
import { toRateLimits } from '../platform/rate-limit/rate-headers.js';
import { SocketEvent, type SocketConnection } from '../platform/sockets/socket-event.js';
import { dailyPolicies } from '../usage/usage.headers.js';
import { characterRoom } from '../characters/characters.events.js';
import { conversationRoom, conversationStream, generationStream } from './conversations.events.js';
import { ConversationsService } from './conversations.service.js';
import {
  CancelReply,
  DeleteSentMessage,
  EditSentMessage,
  JoinConversation,
  LeaveConversation,
  ReadConversation,
  RegenerateSaid,
  SendMessage,
} from './conversations.socket.dto.js';
import { CancelledGeneration, GenerationHandle, toGenerationHandle } from './generations/generations.dto.js';
import { eventsOfHeard, heardOf } from './generations/heard-reply.js';
import { GenerationsRepository } from './generations/generations.repository.js';
import { GenerationsService } from './generations/generations.service.js';
import { Message, SentMessage, toMessage } from './messages/messages.dto.js';
import { MessagesService } from './messages/messages.service.js';

/** What a socket that joins must know to be in step: events it missed, and a reply that is on its way. */
interface Joined {
  lastSeq: number;
  epoch: string;
  replay: { status: 'ok' | 'gap' | 'reset'; events: LogEvent[]; hasMore: boolean; snapshot: string };
  /** Replies that are being generated: that they started, and one delta with all that was said so far. */
  replies: { generationId: string; epoch: string; events: LogEvent[] }[];
}

@Injectable()
export class ConversationsSocket {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesService,
    private readonly generations: GenerationsService,
    private readonly active: GenerationsRepository,
    private readonly events: EventLog,
    private readonly burst: BurstLimit,
    private readonly clock: Clock,
  ) {}

  @SocketEvent('conversation:join', JoinConversation)
  async join(
    actor: Actor,
    { conversationId, after, epoch }: JoinConversation,
    connection: SocketConnection,
  ): Promise<Joined> {
    const { id, characterId } = await this.conversations.get(actor, conversationId);
    // For changes of the character: each says all, so none is told again.
    connection.enter(characterRoom(characterId));
    // Held from here on and delivered after the ack, so that nothing falls between the replay and the first live event.
    const joining = connection.join(conversationRoom(id));
    const stream = conversationStream(id);
    const head = await this.events.read(stream, { after: 0, limit: 1 });
    const replay = await this.events.read(stream, { epoch, after: after ?? head.head });
    const { status, events, hasMore } = replay;
    const seq = status === 'ok' ? (after ?? head.head) + events.length : replay.head;
    await joining.carries({ stream, epoch: replay.epoch, seq });
    if (hasMore) joining.incomplete(stream);
    const replies = [];
    for (const generation of await this.active.activeIn(id)) {
      const said = generationStream(generation.id);
      const following = connection.join(conversationRoom(id), said);
      const heard = await heardOf(this.events, generation);
      await following.carries({ stream: said, epoch: heard.epoch, seq: heard.seq });
      replies.push({
        generationId: generation.id,
        epoch: heard.epoch,
        events: eventsOfHeard(generation, heard),
      });
    }
    const snapshot = `/api/conversations/${id}/messages`;
    const { head: lastSeq, epoch: current } = replay;
    return { lastSeq, epoch: current, replay: { status, events, hasMore, snapshot }, replies };
  }

  @SocketEvent('conversation:leave', LeaveConversation)
  leave(_actor: Actor, { conversationId }: LeaveConversation, connection: SocketConnection): Promise<object> {
    connection.leave(conversationRoom(conversationId));
    return Promise.resolve({});
  }

  /** As `POST /api/conversations/{id}/messages`; the sender hears of the reply without joining first. */
  @SocketEvent('message:send', SendMessage)
  async send(
    actor: Actor,
    { conversationId, ...draft }: SendMessage,
    connection: SocketConnection,
  ): Promise<SentMessage> {
    const { state, refusal } = await this.burst.attempt(actor);
    if (refusal) throw refusal;
    const { id } = await this.conversations.get(actor, conversationId);
    connection.enter(conversationRoom(id));
    const { message, generation, usage, duplicate } = await this.messages.post(actor, id, draft);
    return {
      message: toMessage(message),
      ...(generation ? { generation: toGenerationHandle(generation) } : {}),
      usage,
      rateLimits: toRateLimits([...(state ? [state] : []), ...dailyPolicies(usage, this.clock.now())]),
      duplicate,
    };
  }

  @SocketEvent('message:edit', EditSentMessage)
  async edit(
    actor: Actor,
    { conversationId, messageId, text }: EditSentMessage,
  ): Promise<{ message: Message }> {
    return { message: toMessage(await this.messages.edit(actor, conversationId, messageId, text)) };
  }

  @SocketEvent('message:delete', DeleteSentMessage)
  async remove(actor: Actor, { conversationId, messageId }: DeleteSentMessage): Promise<object> {
    await this.messages.remove(actor, conversationId, messageId);
    return {};
  }

  @SocketEvent('reply:cancel', CancelReply)
  cancel(actor: Actor, { generationId }: CancelReply): Promise<CancelledGeneration> {
    return this.generations.cancel(actor, generationId);
  }

  /** Another variant of the newest reply, followed like the one of a message that is sent. */
  @SocketEvent('reply:regenerate', RegenerateSaid)
  async regenerate(
    actor: Actor,
    { messageId, clientRequestId, reply: options }: RegenerateSaid,
    connection: SocketConnection,
  ): Promise<{ generation: GenerationHandle; duplicate: boolean }> {
    const conversationId = await this.messages.conversationOf(actor, messageId);
    await this.burst.take(actor);
    connection.enter(conversationRoom(conversationId));
    const asked = await this.messages.regenerate(actor, conversationId, messageId, {
      options,
      clientRequestId,
    });
    return { generation: toGenerationHandle(asked.generation), duplicate: asked.duplicate };
  }

  @SocketEvent('receipt:read', ReadConversation)
  async read(actor: Actor, { conversationId, ...marker }: ReadConversation): Promise<{ seq: number }> {
    return { seq: await this.conversations.markRead(actor, conversationId, marker) };
  }
}
