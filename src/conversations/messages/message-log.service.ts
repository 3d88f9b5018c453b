import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { newId } from '../../platform/ids/ids.js';
import type { UsageCounters } from '../../usage/usage.dto.js';
import { UsageService } from '../../usage/usage.service.js';
import { CharacterActivity } from '../character-activity.service.js';
import type { Conversation, ConversationRef } from '../conversation.js';
import { ChangesConversation } from '../conversations.cache.js';
import { conversationErrors } from '../conversations.errors.js';
import { ConversationNews } from '../conversation-news.service.js';
import { MESSAGE_CREATED, MESSAGE_DELETED, MESSAGE_UPDATED } from '../conversations.events.js';
import { ConversationsRepository } from '../conversations.repository.js';
import type { GenerationEntity } from '../generations/generation.entity.js';
import { closingEvents, type Ended, type StoredReply } from '../generations/generation-end.js';
import { GenerationsRepository } from '../generations/generations.repository.js';
import type { MessageKind } from './message.entity.js';
import { parametersOf, type PostMessage, type ReplyOptions } from './messages.dto.js';
import { MessageTree } from './message-tree.service.js';
import { MessagesRepository, type MessageRecord } from './messages.repository.js';
import { SummariesRepository } from '../summaries/summaries.repository.js';

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

interface Asked {
  reservationId: string;
  /** Set for another variant: what the newest message was then. */
  askedSeq?: number;
}

/**
 * Every write to a conversation's messages, each one transaction that begins with the conversation's lock. The lock
 * orders them: it hands out `seq`, makes "sent before?" and "is a reply on its way?" exact, and lets quota, message and
 * generation be stored together or not at all. What clients are told of it is part of the transaction, too. What users
 * share is locked last and in one order (usage, then the character's activity): short, and nobody waits for each other.
 */
@Injectable()
export class MessageLog {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly generations: GenerationsRepository,
    private readonly usage: UsageService,
    private readonly tree: MessageTree,
    private readonly summaries: SummariesRepository,
    private readonly news: ConversationNews,
    private readonly outbox: EventOutbox,
    private readonly activity: CharacterActivity,
  ) {}

  @ChangesConversation()
  append(conversation: ConversationRef, actor: Actor, draft: PostMessage): Promise<Posted> {
    return this.underLock(conversation, async (locked) => {
      const { id: conversationId, characterId, lastSeq } = locked;
      const known = await this.findPosted(conversation, actor, draft.clientMessageId);
      if (known) return known;
      const { parent, follows } = await this.parentOf(conversationId, draft);
      const wantsReply = draft.reply?.mode !== 'none';
      if (wantsReply) await this.refuseWhileReplying(conversationId, draft.reply);

      const kind = kindOf(draft);
      const reservation = await this.usage.reserve(actor, { characterId, kind });
      const { branch, pos, turned } = await this.tree.placeMessage(locked, follows);
      const message = await this.messages.insert({
        conversationId,
        ownerId: actor.id,
        seq: lastSeq + 1,
        branch,
        pos,
        role: 'user',
        senderId: actor.id,
        clientMessageId: draft.clientMessageId,
        kind,
        text: draft.text ?? '',
        attachments: draft.attachments ?? [],
        replyTo: draft.replyTo ?? null,
        parentId: parent?.id ?? null,
      });
      const { seq } = message;
      const changed = await this.conversations.recordMessage(conversationId, {
        seq,
        preview: previewOf(message),
        branch,
        read: true,
      });
      this.news.message(MESSAGE_CREATED, message, true);
      if (turned) this.news.branch(conversationId, message.id);
      if (changed) this.news.inList(changed);
      if (!wantsReply) {
        await this.usage.commit(reservation.id, { eventId: message.id });
        await this.activity.said(conversation);
        return { message, usage: reservation.counters, duplicate: false };
      }
      const asked = { reservationId: reservation.id, options: draft.reply };
      const generation = await this.ask(conversation, message, asked);
      await this.activity.said(conversation);
      return { message, generation, usage: reservation.counters, duplicate: false };
    });
  }

  /** Asks for another variant of a reply; a request of the same id is answered with the same one. */
  @ChangesConversation()
  askAgain(
    conversation: ConversationRef,
    actor: Actor,
    messageId: string,
    { options, clientRequestId }: Regeneration,
  ): Promise<{ generation: GenerationEntity; duplicate: boolean }> {
    return this.underLock(conversation, async ({ id, characterId, lastSeq: askedSeq }) => {
      const known = clientRequestId && (await this.generations.findByRequest(actor.id, clientRequestId));
      if (known) return { generation: known, duplicate: true };
      const message = await this.getMessage(id, messageId);
      const answered = message.role === 'user' ? message : await this.answeredBy(message);
      await this.refuseWhileReplying(id, options);
      const reservation = await this.usage.reserve(actor, { characterId, kind: 'text' });
      const asked = { reservationId: reservation.id, options, clientRequestId, askedSeq };
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
      const { promptTokens = null, completionTokens = null } = end;
      if (promptTokens !== null && completionTokens !== null)
        await this.usage.meter(generation.id, promptTokens + completionTokens);
      const message = locked && end.text !== '' ? await this.storeReply(locked, generation, end) : null;
      await this.activity.answered(generation, end, message !== null);
      for (const event of closingEvents(generation, { ...end, retold }, message)) this.outbox.add(event);
      return true;
    });
  }

  private async storeReply(
    locked: Conversation,
    generation: GenerationEntity,
    end: Omit<Ended, 'charged'>,
  ): Promise<StoredReply> {
    const { id, userId: ownerId, lastSeq } = locked;
    const answered = await this.messages.findStored(id, generation.parentMessageId);
    const { branch, pos, shown, switches, turned } = await this.tree.placeReply(locked, generation, answered);
    const message = await this.messages.insert({
      id: generation.replyMessageId,
      conversationId: id,
      ownerId,
      seq: lastSeq + 1,
      branch,
      pos,
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
    const changed = await this.conversations.recordMessage(id, {
      seq: message.seq,
      preview: shown ? end.text : undefined,
      branch: switches ? branch : undefined,
      read: false,
    });
    this.news.message(MESSAGE_CREATED, message, shown);
    if (turned) this.news.branch(id, message.id);
    if (changed) this.news.inList(changed);
    return { message, active: shown };
  }

  @ChangesConversation()
  edit(conversation: ConversationRef, actor: Actor, messageId: string, text: string): Promise<MessageRecord> {
    return this.underLock(conversation, async ({ id }) => {
      const message = await this.getOwnMessage(id, actor, messageId);
      const edited = await this.messages.edit(message, text);
      await this.contentChanged(edited);
      this.news.message(MESSAGE_UPDATED, edited, await this.messages.isShown(edited));
      return edited;
    });
  }

  @ChangesConversation()
  remove(conversation: ConversationRef, actor: Actor, messageId: string): Promise<void> {
    return this.underLock(conversation, async (locked) => {
      const message = await this.getOwnMessage(locked.id, actor, messageId);
      await this.messages.remove(message.id);
      await this.contentChanged(message);
      const { id, seq } = message;
      this.news.add(locked.id, MESSAGE_DELETED, { conversationId: locked.id, messageId: id, seq });
    });
  }

  /** Shows another message that follows the same one, and what was said after it. */
  @ChangesConversation()
  chooseVariant(conversation: ConversationRef, messageId: string, variantId: string): Promise<MessageRecord> {
    return this.underLock(conversation, async ({ id }) => {
      const message = await this.getMessage(id, messageId);
      const variant = await this.getMessage(id, variantId);
      const follows = [message.id, message.parentId];
      if (variant.parentId === null || !follows.includes(variant.parentId)) {
        throw platformErrors['not-found']('This message has no such variant.');
      }
      const placement = await this.tree.placeChosen(variant);
      if (!placement) return variant;
      await this.conversations.showBranch(id, placement.branch);
      await this.listChanged(id, false);
      this.news.message(MESSAGE_UPDATED, variant, true);
      if (placement.turned) this.news.branch(id, variant.id);
      return variant;
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

  private async contentChanged(message: MessageRecord): Promise<void> {
    await this.summaries.outdate(message);
    await this.listChanged(message.conversationId, true);
  }

  private async listChanged(id: string, inContent: boolean): Promise<void> {
    const [latest] = await this.messages.window(id, { limit: 1 });
    const changed = await this.conversations.recordChange(id, latest ? previewOf(latest) : '', inContent);
    if (changed) this.news.inList(changed);
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
    { reservationId, options, clientRequestId, askedSeq }: Regeneration & Asked,
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
      askedSeq: askedSeq ?? null,
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

  /** What a message follows: what is shown last (undefined when it was not named), or an earlier one. */
  private async parentOf(
    conversationId: string,
    { parentId, replyTo }: PostMessage,
  ): Promise<{ parent?: MessageRecord; follows?: MessageRecord }> {
    const found = new Map<string, MessageRecord>();
    for (const [field, id] of Object.entries({ parentId, replyTo })) {
      const message = id ? await this.messages.find(conversationId, id) : undefined;
      if (message) found.set(field, message);
      if (!id || message) continue;
      const detail = `${field} is not a message of this conversation.`;
      throw conversationErrors['parent-not-found'](detail, {
        errors: [{ pointer: `#/${field}`, code: 'parent-not-found', detail }],
      });
    }
    const follows = found.get('parentId');
    return { parent: follows ?? (await this.messages.newest(conversationId)), follows };
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

const previewOf = ({ text, kind }: Pick<MessageRecord, 'text' | 'kind'>): string => text || `[${kind}]`;

/** Decides which daily allowance a message is counted on. */
function kindOf({ attachments }: PostMessage): MessageKind {
  if (attachments?.some(({ kind }) => kind === 'media')) return 'media';
  return attachments?.length ? 'audio' : 'text';
}
