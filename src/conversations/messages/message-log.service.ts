import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { newId } from '../../platform/ids/ids.js';
import type { UsageCounters } from '../../usage/usage.dto.js';
import { UsageService } from '../../usage/usage.service.js';
import type { Conversation, ConversationRef } from '../conversation.js';
import { ChangesConversation } from '../conversations.cache.js';
import { conversationErrors } from '../conversations.errors.js';
import {
  conversationStream,
  MESSAGE_CREATED,
  MESSAGE_DELETED,
  MESSAGE_UPDATED,
} from '../conversations.events.js';
import { ConversationsRepository } from '../conversations.repository.js';
import type { GenerationEntity } from '../generations/generation.entity.js';
import { closingEvents, type Ended } from '../generations/generation-end.js';
import { GenerationsRepository } from '../generations/generations.repository.js';
import type { MessageKind } from './message.entity.js';
import { parametersOf, toMessage, type PostMessage, type ReplyOptions } from './messages.dto.js';
import { MessagesRepository, type MessageRecord } from './messages.repository.js';

export interface Posted {
  message: MessageRecord;
  /** Absent when no reply was asked for. */
  generation?: GenerationEntity;
  /** What is left of the day's allowance. */
  usage: UsageCounters;
  /** The client had sent it before; nothing was stored or charged again. */
  duplicate: boolean;
}

/** How another variant is asked for. */
export interface Regeneration {
  options?: ReplyOptions;
  /** Asked for again with the same id, it is the same one. */
  clientRequestId?: string;
}

/**
 * Every write to a conversation's messages, each one transaction that begins with the conversation's lock. The lock
 * orders them: it hands out `seq`, makes "sent before?" and "is a reply on its way?" exact, and lets quota, message and
 * generation be stored together or not at all. What clients are told of it is part of the transaction, too.
 */
@Injectable()
export class MessageLog {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly generations: GenerationsRepository,
    private readonly usage: UsageService,
    private readonly outbox: EventOutbox,
  ) {}

  @ChangesConversation()
  append(conversation: ConversationRef, actor: Actor, draft: PostMessage): Promise<Posted> {
    return this.underLock(conversation, async ({ id: conversationId, characterId, lastSeq }) => {
      const known = await this.findPosted(conversation, actor, draft.clientMessageId);
      if (known) return known;
      const parent = await this.parentOf(conversationId, draft);
      const wantsReply = draft.reply?.mode !== 'none';
      if (wantsReply) await this.refuseWhileReplying(conversationId, draft.reply);

      const kind = kindOf(draft);
      const reservation = await this.usage.reserve(actor, { characterId, kind });
      const message = await this.messages.insert({
        conversationId,
        seq: lastSeq + 1,
        role: 'user',
        senderId: actor.id,
        clientMessageId: draft.clientMessageId,
        kind,
        text: draft.text ?? '',
        attachments: draft.attachments ?? [],
        replyTo: draft.replyTo ?? null,
        parentId: parent?.id ?? null,
      });
      const preview = message.text || `[${kind}]`;
      await this.conversations.recordMessage(conversationId, { seq: message.seq, preview, read: true });
      this.announce(MESSAGE_CREATED, message);
      if (!wantsReply) {
        await this.usage.commit(reservation.id, { eventId: message.id });
        return { message, usage: reservation.counters, duplicate: false };
      }
      const asked = { reservationId: reservation.id, options: draft.reply };
      const generation = await this.ask(conversation, message, asked);
      return { message, generation, usage: reservation.counters, duplicate: false };
    });
  }

  /** Asks for another variant of the newest reply; a request of the same id is answered with the same one. */
  @ChangesConversation()
  askAgain(
    conversation: ConversationRef,
    actor: Actor,
    messageId: string,
    { options, clientRequestId }: Regeneration,
  ): Promise<{ generation: GenerationEntity; duplicate: boolean }> {
    return this.underLock(conversation, async ({ id, characterId }) => {
      const known = clientRequestId && (await this.generations.findByRequest(actor.id, clientRequestId));
      if (known) return { generation: known, duplicate: true };
      const message = await this.getMessage(id, messageId);
      const answered = message.role === 'user' ? message : await this.answeredBy(message);
      const newest = await this.messages.newest(id);
      const hasGoneOn =
        newest && newest.id !== answered.id && (newest.role === 'user' || newest.parentId !== answered.id);
      if (hasGoneOn) {
        throw conversationErrors['not-regenerable'](
          'The conversation has gone on since; only its newest reply can be generated again.',
        );
      }
      await this.refuseWhileReplying(id, options);
      const reservation = await this.usage.reserve(actor, { characterId, kind: 'text' });
      const asked = { reservationId: reservation.id, options, clientRequestId };
      return { generation: await this.ask(conversation, answered, asked), duplicate: false };
    });
  }

  /**
   * Ends a generation: stores what it said as the chosen reply, gives back what was reserved for a reply that was not
   * begun, and tells the clients. False when it is no longer in the state that the caller saw: there is exactly one end.
   */
  @ChangesConversation()
  conclude(
    conversation: ConversationRef,
    generation: GenerationEntity,
    { charged, retold, ...end }: Ended,
  ): Promise<boolean> {
    return this.database.transaction(async () => {
      const locked = await this.conversations.lock(conversation.id, conversation.userId);
      if (!(await this.generations.end(generation, end))) return false;
      const { reservationId } = generation;
      if (!charged && reservationId) await this.usage.giveBack(reservationId);
      const message = locked && end.text !== '' ? await this.storeReply(locked, generation, end) : null;
      if (message) this.announce(MESSAGE_CREATED, message);
      for (const event of closingEvents(generation, { ...end, retold }, message)) this.outbox.add(event);
      return true;
    });
  }

  private async storeReply(
    locked: Conversation,
    generation: GenerationEntity,
    end: Omit<Ended, 'charged'>,
  ): Promise<MessageRecord> {
    const message = await this.messages.insert({
      id: generation.replyMessageId,
      conversationId: locked.id,
      seq: locked.lastSeq + 1,
      role: 'character',
      senderId: null,
      kind: 'text',
      text: end.text,
      parentId: generation.parentMessageId,
      generationId: generation.id,
      status: end.status,
      finishReason: end.finishReason ?? null,
      promptTokens: end.promptTokens ?? null,
      completionTokens: end.completionTokens ?? null,
    });
    await this.messages.activate(locked.id, generation.parentMessageId, message.id);
    await this.conversations.recordMessage(locked.id, { seq: message.seq, preview: end.text, read: false });
    return message;
  }

  @ChangesConversation()
  edit(conversation: ConversationRef, actor: Actor, messageId: string, text: string): Promise<MessageRecord> {
    return this.underLock(conversation, async (locked) => {
      const message = await this.getOwnMessage(locked.id, actor, messageId);
      const edited = await this.messages.edit(message, text);
      await this.conversations.recordChange(locked.id, message.seq === locked.lastSeq ? text : undefined);
      this.announce(MESSAGE_UPDATED, edited);
      return edited;
    });
  }

  @ChangesConversation()
  remove(conversation: ConversationRef, actor: Actor, messageId: string): Promise<void> {
    return this.underLock(conversation, async (locked) => {
      const message = await this.getOwnMessage(locked.id, actor, messageId);
      await this.messages.remove(message.id);
      const newest = await this.messages.newest(locked.id);
      await this.conversations.recordChange(locked.id, newest?.text ?? '');
      const { id, seq } = message;
      this.outbox.add({
        stream: conversationStream(locked.id),
        type: MESSAGE_DELETED,
        data: { conversationId: locked.id, messageId: id, seq },
      });
    });
  }

  @ChangesConversation()
  chooseVariant(conversation: ConversationRef, messageId: string, variantId: string): Promise<MessageRecord> {
    return this.underLock(conversation, async ({ id, lastSeq }) => {
      const message = await this.getMessage(id, messageId);
      const variant = await this.getMessage(id, variantId);
      const answeredId = message.role === 'user' ? message.id : message.parentId;
      if (variant.role !== 'character' || answeredId === null || variant.parentId !== answeredId) {
        throw platformErrors['not-found']('This message has no such variant.');
      }
      await this.messages.activate(id, answeredId, variant.id);
      await this.conversations.recordChange(id, variant.seq === lastSeq ? variant.text : undefined);
      const chosen = { ...variant, active: true };
      this.announce(MESSAGE_UPDATED, chosen);
      return chosen;
    });
  }

  /** What was stored when this client message was sent before. */
  async findPosted(
    { id, characterId }: ConversationRef,
    actor: Actor,
    clientMessageId: string,
  ): Promise<Posted | undefined> {
    const message = await this.messages.findByClientId(id, actor.id, clientMessageId);
    if (!message) return undefined;
    const generation = (await this.generations.findByParent(message.id)) ?? undefined;
    return { message, generation, usage: await this.usage.counters(actor, characterId), duplicate: true };
  }

  private announce(type: string, message: MessageRecord): void {
    const stream = conversationStream(message.conversationId);
    this.outbox.add({ stream, type, data: { message: toMessage(message) } });
  }

  private underLock<T>(
    conversation: ConversationRef,
    work: (locked: Conversation) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async () => {
      const locked = await this.conversations.lock(conversation.id, conversation.userId);
      if (!locked) throw platformErrors['not-found']('There is no such conversation.');
      return work(locked);
    });
  }

  private ask(
    { id: conversationId, userId, characterId }: ConversationRef,
    answered: MessageRecord,
    { reservationId, options, clientRequestId }: Regeneration & { reservationId: string },
  ): Promise<GenerationEntity> {
    return this.generations.insert({
      id: newId(),
      conversationId,
      parentMessageId: answered.id,
      replyMessageId: newId(),
      userId,
      characterId,
      parameters: parametersOf(options),
      reservationId,
      clientRequestId: clientRequestId ?? null,
    });
  }

  private async refuseWhileReplying(
    conversationId: string,
    options: ReplyOptions | undefined,
  ): Promise<void> {
    if (options?.queue) return;
    const [active] = await this.generations.activeIn(conversationId);
    if (!active) return;
    throw conversationErrors['generation-active'](
      'Wait for the reply that is being generated, cancel it, or send reply.queue: true.',
      { retryAfterMs: 1_000, members: { generationId: active.id } },
    );
  }

  private async parentOf(
    conversationId: string,
    { parentId, replyTo }: PostMessage,
  ): Promise<MessageRecord | undefined> {
    for (const [field, id] of Object.entries({ parentId, replyTo })) {
      if (!id || (await this.messages.find(conversationId, id))) continue;
      const detail = `${field} is not a message of this conversation.`;
      throw conversationErrors['parent-not-found'](detail, {
        errors: [{ pointer: `#/${field}`, code: 'parent-not-found', detail }],
      });
    }
    return parentId ? this.messages.find(conversationId, parentId) : this.messages.newest(conversationId);
  }

  private async answeredBy({ conversationId, parentId }: MessageRecord): Promise<MessageRecord> {
    const answered = parentId === null ? undefined : await this.messages.find(conversationId, parentId);
    if (answered?.role === 'user') return answered;
    throw conversationErrors['not-regenerable']('This message does not answer one; choose a reply.');
  }

  private async getMessage(conversationId: string, id: string): Promise<MessageRecord> {
    const message = await this.messages.find(conversationId, id);
    if (!message) throw platformErrors['not-found']('There is no such message in this conversation.');
    return message;
  }

  private async getOwnMessage(conversationId: string, actor: Actor, id: string): Promise<MessageRecord> {
    const message = await this.getMessage(conversationId, id);
    if (message.senderId === actor.id) return message;
    throw platformErrors.forbidden(
      "Only your own messages can be changed; a character's can be generated again.",
    );
  }
}

/** Decides which daily allowance a message is counted on. */
function kindOf({ attachments }: PostMessage): MessageKind {
  if (attachments?.some(({ kind }) => kind === 'media')) return 'media';
  return attachments?.length ? 'audio' : 'text';
}
