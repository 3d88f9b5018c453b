import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { writtenRow } from '../../platform/database/written-row.js';
import { newId } from '../../platform/ids/ids.js';
import { MessageEditEntity, MessageEntity, type MessageRole } from './message.entity.js';
import {
  MessagePaths,
  type HistoryMessage,
  type PathWindow,
  type Place,
} from './message-paths.repository.js';

export type { HistoryMessage };

/** A message as services pass it on and caches keep it: plain data. */
export type MessageRecord = Readonly<MessageEntity>;

export interface Window extends PathWindow {
  around?: number;
}

type NewMessage = Partial<MessageEntity> &
  Pick<MessageEntity, 'conversationId' | 'ownerId' | 'seq' | 'role' | 'text'>;

const toRecord = (row: MessageEntity): MessageRecord => ({ ...row });

@Injectable()
export class MessagesRepository {
  constructor(
    private readonly database: Database,
    private readonly paths: MessagePaths,
  ) {}

  async find(conversationId: string, id: string): Promise<MessageRecord | undefined> {
    const row = await this.shown(conversationId).andWhere('m.id = :id', { id }).getOne();
    return row ? toRecord(row) : undefined;
  }

  /** Also one that was taken back. */
  async findStored(conversationId: string, id: string): Promise<MessageRecord> {
    return toRecord(await this.database.manager.findOneByOrFail(MessageEntity, { conversationId, id }));
  }

  /** The conversation of a message, while it is the user's. */
  async conversationOf(userId: string, id: string): Promise<string | undefined> {
    const row = await this.database.manager
      .createQueryBuilder(MessageEntity, 'm')
      .select('m.conversation_id', 'conversationId')
      .innerJoin('conversations', 'c', 'c.id = m.conversation_id AND c.user_id = :userId', { userId })
      .where('m.id = :id AND m.deleted_at IS NULL AND c.deleted_at IS NULL', { id })
      .getRawOne<{ conversationId: string }>();
    return row?.conversationId;
  }

  /** What a message says that is shown, whoever's it is. */
  async textOf(id: string): Promise<string | undefined> {
    const row = await this.database.manager
      .createQueryBuilder(MessageEntity, 'm')
      .select('m.text', 'text')
      .innerJoin('conversations', 'c', 'c.id = m.conversation_id')
      .where('m.id = :id AND m.deleted_at IS NULL AND c.deleted_at IS NULL', { id })
      .getRawOne<{ text: string }>();
    return row?.text;
  }

  async findByClientId(
    conversationId: string,
    senderId: string,
    clientMessageId: string,
  ): Promise<MessageRecord | undefined> {
    const row = await this.database.manager.findOneBy(MessageEntity, {
      conversationId,
      senderId,
      clientMessageId,
    });
    return row ? toRecord(row) : undefined;
  }

  /** What stands last on the path that is shown: what a new message follows. */
  newest(conversationId: string, role?: MessageRole): Promise<MessageRecord | undefined> {
    return this.paths.last(conversationId, role);
  }

  /** A message stands at the end of the first branch unless told otherwise. */
  async insert(row: NewMessage): Promise<MessageRecord> {
    const insert = this.database.manager
      .createQueryBuilder()
      .insert()
      .into(MessageEntity)
      .values({ pos: 2 * row.seq, branch: 0, ...row, id: row.id ?? newId() });
    return (await writtenRow(insert)) as MessageRecord;
  }

  /** Ascending by seq, on the path that ends with `leaf`, or on the one that is shown. */
  async window(
    conversationId: string,
    { limit, before, after, around }: Window,
    leaf?: MessageRecord,
  ): Promise<MessageRecord[]> {
    if (around === undefined) return this.paths.window(conversationId, { limit, before, after }, leaf);
    const half = { limit: Math.ceil(limit / 2), before: around + 1 };
    const older = await this.paths.window(conversationId, half, leaf);
    const rest = { limit: limit - older.length, after: around };
    return [...older, ...(await this.paths.window(conversationId, rest, leaf))];
  }

  goesOn(
    conversationId: string,
    side: 'before' | 'after',
    seq: number,
    leaf?: MessageRecord,
  ): Promise<boolean> {
    return this.paths.goesOn(conversationId, side, seq, leaf);
  }

  /** Whether it is on the path that is shown. */
  isShown(message: MessageRecord): Promise<boolean> {
    return this.paths.isShown(message);
  }

  /** Ids of those that are on the path that is shown. */
  shownAmong(conversationId: string, messages: readonly MessageRecord[]): Promise<Set<string>> {
    return this.paths.shownAmong(conversationId, messages);
  }

  /** What had been said when `answered` was to be answered, oldest first and ending with it. */
  historyUpTo(answered: Place, limit?: number): Promise<HistoryMessage[]> {
    return this.paths.historyUpTo(answered, limit);
  }

  /** Messages that follow the same one, oldest first: variants of a reply, or where branches begin. */
  async variantsOf(
    { conversationId, parentId, role }: MessageRecord,
    limit: number,
  ): Promise<MessageRecord[]> {
    if (parentId === null) return [];
    const rows = await this.shown(conversationId)
      .andWhere('m.parent_id = :parentId AND m.role = :role', { parentId, role })
      .orderBy('m.seq', 'ASC')
      .limit(limit)
      .getMany();
    return rows.map(toRecord);
  }

  /** Whether a reply stands right behind a message already, in the same branch. */
  hasReplyBehind({ conversationId, branch, pos }: Place): Promise<boolean> {
    return this.shown(conversationId)
      .andWhere('m.branch = :branch AND m.pos = :next', { branch, next: pos + 1 })
      .getExists();
  }

  /** Keeps what the message said before. */
  async edit(message: MessageRecord, text: string): Promise<MessageRecord> {
    await this.database.manager.insert(MessageEditEntity, {
      id: newId(),
      messageId: message.id,
      text: message.text,
      editedAt: () => 'now()',
    });
    await this.database.manager.update(MessageEntity, { id: message.id }, { text, editedAt: () => 'now()' });
    return toRecord(await this.database.manager.findOneByOrFail(MessageEntity, { id: message.id }));
  }

  async remove(id: string): Promise<void> {
    await this.database.manager.update(MessageEntity, { id }, { deletedAt: () => 'now()' });
  }

  /** What a message said before its edits; order and page are the caller's to add. */
  editsOf(messageId: string): SelectQueryBuilder<MessageEditEntity> {
    return this.database.manager
      .createQueryBuilder(MessageEditEntity, 'e')
      .where('e.message_id = :messageId', { messageId });
  }

  private shown(conversationId: string): SelectQueryBuilder<MessageEntity> {
    return this.database.manager
      .createQueryBuilder(MessageEntity, 'm')
      .where('m.conversation_id = :conversationId AND m.deleted_at IS NULL', { conversationId });
  }
}
