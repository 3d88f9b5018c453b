import { Injectable } from '@nestjs/common';
import { AppError } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import {
  ErasesUserData,
  ExportsUserData,
  jsonLines,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { conversationStream, generationStream } from '../conversations.events.js';
import { ConversationStore } from '../conversation-store.service.js';
import { GenerationsRepository } from '../generations/generations.repository.js';
import { GenerationsService } from '../generations/generations.service.js';
import { ConversationDataRepository } from './conversation-data.repository.js';

const CONVERSATIONS = 100;
const MESSAGES = 500;
const ERASED_AT_ONCE = 1_000;
/** Small conversations that share a batch. */
const PER_BATCH = 50;

/** Conversations, as people take them along and as they go with their account. */
@Injectable()
export class ConversationData {
  constructor(
    private readonly rows: ConversationDataRepository,
    private readonly store: ConversationStore,
    private readonly generations: GenerationsService,
    private readonly replies: GenerationsRepository,
    private readonly events: EventLog,
  ) {}

  @ExportsUserData('conversations')
  async conversations(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const rows = await this.rows.conversations(userId, after, CONVERSATIONS);
    const last = rows.length === CONVERSATIONS ? rows.at(-1) : undefined;
    return {
      parts: [{ file: 'conversations.jsonl', content: jsonLines(rows) }],
      next: last && String(last.id),
    };
  }

  /** The position is the conversation and the last seq of it. */
  @ExportsUserData('messages')
  async messages(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const [current, seq] = after?.split(':') ?? [];
    let id = current ?? (await this.rows.nextId(userId));
    let from = Number(seq ?? 0);
    const messages: object[] = [];
    for (let looks = 0; id !== undefined && looks < PER_BATCH; looks++) {
      const room = MESSAGES - messages.length;
      const rows = await this.rows.messages(id, from, room);
      messages.push(...rows);
      from = rows.at(-1)?.seq ?? from;
      if (rows.length === room) break;
      id = await this.rows.nextId(userId, id);
      from = 0;
    }
    return {
      parts: [{ file: 'messages.jsonl', content: jsonLines(messages) }],
      next: id && `${id}:${from}`,
    };
  }

  /** One conversation after the other: its replies end, it is gone for its owner, then its rows go. */
  @ErasesUserData('conversations', 10)
  async erase(userId: string): Promise<boolean> {
    const conversation = await this.rows.any(userId);
    if (!conversation) return false;
    const { id } = conversation;
    if (!conversation.deletedAt) {
      for (const reply of await this.replies.activeIn(id)) await this.end(userId, reply.id);
      await this.store.remove(conversation, () => undefined);
    }
    await this.dropEvents(id);
    if (!(await this.rows.deleteSome(id, ERASED_AT_ONCE))) await this.rows.delete(id);
    return true;
  }

  /** What was said is in them, too. Called as long as there are rows of replies that name theirs. */
  private async dropEvents(id: string): Promise<void> {
    await this.events.drop(conversationStream(id));
    for (const reply of await this.rows.recentReplies(id)) await this.events.drop(generationStream(reply));
  }

  /** Waits for the process that is telling it. */
  private async end(userId: string, generationId: string): Promise<void> {
    try {
      await this.generations.cancel({ id: userId, role: 'user' }, generationId);
    } catch (error) {
      // One that has ended by itself meanwhile is what is wanted.
      if (!(error instanceof AppError && error.code === 'already-completed')) throw error;
    }
  }
}
