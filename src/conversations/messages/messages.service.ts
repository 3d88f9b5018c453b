import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import type { PageQuery } from '../../platform/pagination/page.dto.js';
import { Pagination } from '../../platform/pagination/pagination.js';
import type { Conversation } from '../conversation.js';
import { newestMessages } from '../conversations.cache.js';
import { conversationErrors } from '../conversations.errors.js';
import { ConversationsService } from '../conversations.service.js';
import type { GenerationEntity } from '../generations/generation.entity.js';
import { GenerationRunner } from '../generations/generation-runner.service.js';
import { PromptsService } from '../generations/prompts.service.js';
import { MessageLog, type Posted, type Regeneration } from './message-log.service.js';
import {
  parametersOf,
  toMessage,
  toRevision,
  type MessageWindow,
  type PostMessage,
  type RevisionPage,
  type Variants,
} from './messages.dto.js';
import { MessagesRepository, type MessageRecord, type Window } from './messages.repository.js';

const DEFAULT_LIMIT = 50;
const MAX_VARIANTS = 100;
/** PostgreSQL's integer. */
const MAX_SEQ = 2 ** 31 - 1;

@Injectable()
export class MessagesService {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesRepository,
    private readonly pagination: Pagination,
    private readonly log: MessageLog,
    private readonly prompts: PromptsService,
    private readonly runner: GenerationRunner,
    private readonly outbox: EventOutbox,
  ) {}

  /** @throws not-found also for a leaf that is not in the conversation */
  async window(
    actor: Actor,
    conversationId: string,
    { leaf: leafId, ...window }: Window & { leaf?: string },
  ): Promise<MessageWindow> {
    await this.conversations.get(actor, conversationId);
    const { before, after, limit } = window;
    const leaf = leafId ? await this.getMessage(conversationId, leafId) : undefined;
    if (isOpening(window) && !leaf) {
      const newest = await this.newest(conversationId);
      return toWindow(newest.slice(-limit), { hasBefore: newest.length > limit, hasAfter: false });
    }
    const rows = await this.messages.window(conversationId, withinSeqs(window), leaf);
    const [oldest, newest] = [rows[0], rows.at(-1)];
    // An empty window lies beyond one end; what it was asked relative to tells which.
    return toWindow(rows, {
      hasBefore: await this.messages.goesOn(
        conversationId,
        'before',
        oldest?.seq ?? Math.min(after ?? -1, MAX_SEQ - 1) + 1,
        leaf,
      ),
      hasAfter: await this.messages.goesOn(
        conversationId,
        'after',
        newest?.seq ?? Math.min(before ?? MAX_SEQ, MAX_SEQ) - 1,
        leaf,
      ),
    });
  }

  /**
   * Stores a message and starts its reply. Sent again with the same clientMessageId it answers as before and does
   * nothing else, also while the day's allowance is spent.
   */
  async post(actor: Actor, conversationId: string, draft: PostMessage): Promise<Posted> {
    const conversation = await this.conversations.get(actor, conversationId);
    const known = await this.log.findPosted(conversation, actor, draft.clientMessageId);
    if (known) return known;
    requireContent(draft);
    if (draft.reply?.mode !== 'none') {
      this.runner.assertAccepting();
      await this.prompts.assertFits(conversation, draft.text ?? '', parametersOf(draft.reply));
    }

    const posted = await this.outbox.telling(() => this.log.append(conversation, actor, draft));
    if (posted.generation && !posted.duplicate) this.runner.start(posted.generation);
    return posted;
  }

  async regenerate(
    actor: Actor,
    conversationId: string,
    messageId: string,
    regeneration: Regeneration,
  ): Promise<{ generation: GenerationEntity; duplicate: boolean }> {
    const conversation = await this.conversations.get(actor, conversationId);
    this.runner.assertAccepting();
    const asked = await this.log.askAgain(conversation, actor, messageId, regeneration);
    if (!asked.duplicate) this.runner.start(asked.generation);
    return asked;
  }

  /** @throws not-found for a message that is not in one of the actor's conversations */
  async conversationOf(actor: Actor, messageId: string): Promise<string> {
    const id = await this.messages.conversationOf(actor.id, messageId);
    if (id) return id;
    throw platformErrors['not-found']('There is no such message.');
  }

  edit(actor: Actor, conversationId: string, messageId: string, text: string): Promise<MessageRecord> {
    return this.change(actor, conversationId, (conversation) =>
      this.log.edit(conversation, actor, messageId, text),
    );
  }

  chooseVariant(
    actor: Actor,
    conversationId: string,
    messageId: string,
    variantId: string,
  ): Promise<MessageRecord> {
    return this.change(actor, conversationId, (conversation) =>
      this.log.chooseVariant(conversation, messageId, variantId),
    );
  }

  /** Replies to the same message, or messages that branch off behind the same one. */
  async variants(actor: Actor, conversationId: string, messageId: string): Promise<Variants> {
    await this.conversations.get(actor, conversationId);
    const message = await this.getMessage(conversationId, messageId);
    const variants = await this.messages.variantsOf(message, MAX_VARIANTS);
    const shown = await this.messages.shownAmong(conversationId, variants);
    return { items: variants.map((one) => ({ ...toMessage(one), active: shown.has(one.id) })) };
  }

  /** What a message said before, newest first. */
  async revisions(
    actor: Actor,
    conversationId: string,
    messageId: string,
    request: PageQuery,
  ): Promise<RevisionPage> {
    await this.conversations.get(actor, conversationId);
    const { id } = await this.getMessage(conversationId, messageId);
    return this.pagination.page({
      query: this.messages.editsOf(id),
      request,
      list: 'revisions',
      filters: { id },
      keys: [
        { expression: 'e.ordinal', type: 'bigint', direction: 'desc' },
        { expression: 'e.id', type: 'uuid', direction: 'desc' },
      ],
      toItem: toRevision,
    });
  }

  remove(actor: Actor, conversationId: string, messageId: string): Promise<void> {
    return this.change(actor, conversationId, (conversation) =>
      this.log.remove(conversation, actor, messageId),
    );
  }

  @Cacheable(newestMessages)
  newest(conversationId: string): Promise<MessageRecord[]> {
    // One more than is shown tells whether there are older ones.
    return this.messages.window(conversationId, { limit: DEFAULT_LIMIT + 1 });
  }

  private async getMessage(conversationId: string, id: string): Promise<MessageRecord> {
    const message = await this.messages.find(conversationId, id);
    if (message) return message;
    throw platformErrors['not-found']('There is no such message in this conversation.');
  }

  private async change<T>(
    actor: Actor,
    conversationId: string,
    write: (conversation: Conversation) => Promise<T>,
  ): Promise<T> {
    const conversation = await this.conversations.get(actor, conversationId);
    return this.outbox.telling(() => write(conversation));
  }
}

/** What a client opens a conversation with. */
const isOpening = ({ limit, before, after, around }: Window): boolean =>
  limit === DEFAULT_LIMIT && before === undefined && after === undefined && around === undefined;

/** A number beyond any seq means the same as the largest one, which the database can compare with. */
function withinSeqs({ limit, ...ends }: Window): Window {
  const [before, after, around] = [ends.before, ends.after, ends.around].map(
    (seq) => seq && Math.min(seq, MAX_SEQ - 1),
  );
  return { limit, before, after, around };
}

const toWindow = (
  rows: readonly MessageRecord[],
  beyond: Pick<MessageWindow, 'hasBefore' | 'hasAfter'>,
): MessageWindow => ({
  items: rows.map(toMessage),
  oldestSeq: rows[0]?.seq ?? null,
  newestSeq: rows.at(-1)?.seq ?? null,
  ...beyond,
});

function requireContent({ text, attachments }: PostMessage): void {
  if (text?.trim() || attachments?.length) return;
  const detail = 'Send a text that is not blank, or an attachment.';
  throw conversationErrors['empty-message'](detail, {
    errors: [{ pointer: '#/text', code: 'empty-message', detail }],
  });
}
