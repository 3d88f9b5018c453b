import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { newId } from '../../platform/ids/ids.js';
import { MessageEditEntity, MessageEntity, type MessageRole } from './message.entity.js';

/** A message as services pass it on and caches keep it: plain data. */
export type MessageRecord = Readonly<MessageEntity>;

export interface HistoryMessage {
  role: MessageRole;
  text: string;
  seq: number;
}

export interface Window {
  limit: number;
  before?: number;
  after?: number;
  around?: number;
}

/** Messages that a prompt can ever look back on. */
const MAX_HISTORY = 400;

const toRecord = (row: MessageEntity): MessageRecord => ({ ...row });

@Injectable()
export class MessagesRepository {
  constructor(private readonly database: Database) {}

  async find(conversationId: string, id: string): Promise<MessageRecord | undefined> {
    const row = await this.shown(conversationId).andWhere('m.id = :id', { id }).getOne();
    return row ? toRecord(row) : undefined;
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

  /** The newest message that is shown: what a new one follows. */
  async newest(conversationId: string, role?: MessageRole): Promise<MessageRecord | undefined> {
    const query = this.shown(conversationId).andWhere('m.active').orderBy('m.seq', 'DESC').limit(1);
    if (role) query.andWhere('m.role = :role', { role });
    const row = await query.getOne();
    return row ? toRecord(row) : undefined;
  }

  async insert(
    row: Partial<MessageEntity> & Pick<MessageEntity, 'conversationId' | 'seq' | 'role' | 'text'>,
  ): Promise<MessageRecord> {
    const id = row.id ?? newId();
    await this.database.manager.insert(MessageEntity, { ...row, id });
    return toRecord(await this.database.manager.findOneByOrFail(MessageEntity, { id }));
  }

  /** Ascending by seq. */
  async window(conversationId: string, { limit, before, after, around }: Window): Promise<MessageRecord[]> {
    if (around !== undefined) {
      const older = await this.window(conversationId, { limit: Math.ceil(limit / 2), before: around + 1 });
      const newer = await this.window(conversationId, { limit: limit - older.length, after: around });
      return [...older, ...newer];
    }
    const query = this.shown(conversationId).andWhere('m.active').limit(limit);
    if (limit === 0) return [];
    if (after !== undefined) {
      const rows = await query.andWhere('m.seq > :after', { after }).orderBy('m.seq', 'ASC').getMany();
      return rows.map(toRecord);
    }
    if (before !== undefined) query.andWhere('m.seq < :before', { before });
    const rows = await query.orderBy('m.seq', 'DESC').getMany();
    return rows.reverse().map(toRecord);
  }

  async existsBeyond(conversationId: string, side: 'before' | 'after', seq: number): Promise<boolean> {
    return this.shown(conversationId)
      .andWhere('m.active')
      .andWhere(side === 'before' ? 'm.seq < :seq' : 'm.seq > :seq', { seq })
      .getExists();
  }

  /**
   * What had been said when `answered` was to be answered, oldest first and ending with it. Replies stand with the
   * message they answer, not where they were stored: with queued messages a reply is stored after the next question.
   */
  async historyUpTo(
    answered: Pick<MessageRecord, 'id' | 'conversationId' | 'seq'>,
  ): Promise<HistoryMessage[]> {
    const turn = 'COALESCE(p.seq, m.seq)';
    const rows = await this.shown(answered.conversationId)
      .leftJoin(MessageEntity, 'p', `p.id = m.parent_id AND m.role = 'character'`)
      .select([
        'm.role AS role',
        `CASE WHEN m.text = '' THEN '[' || m.kind || ']' ELSE m.text END AS text`,
        'm.seq AS seq',
      ])
      .andWhere(`m.active AND m.seq > :floor`, { floor: answered.seq - MAX_HISTORY })
      .andWhere(`${turn} <= :seq AND NOT (m.role = 'character' AND m.parent_id = :id)`, answered)
      .orderBy(turn, 'DESC')
      .addOrderBy(`(m.role = 'character')`, 'DESC')
      .addOrderBy('m.seq', 'DESC')
      .limit(MAX_HISTORY)
      .getRawMany<HistoryMessage>();
    return rows.reverse();
  }

  /** Keeps what the message said before. */
  async edit(message: MessageRecord, text: string): Promise<MessageRecord> {
    await this.database.manager.insert(MessageEditEntity, {
      id: newId(),
      messageId: message.id,
      text: message.text,
      editedAt: new Date(),
    });
    await this.database.manager.update(MessageEntity, { id: message.id }, { text, editedAt: () => 'now()' });
    return toRecord(await this.database.manager.findOneByOrFail(MessageEntity, { id: message.id }));
  }

  async remove(id: string): Promise<void> {
    await this.database.manager.update(MessageEntity, { id }, { deletedAt: () => 'now()' });
  }

  /** Shows one of the replies to a message and hides the others. */
  async activate(conversationId: string, parentId: string, variantId: string): Promise<void> {
    await this.database.manager
      .createQueryBuilder()
      .update(MessageEntity)
      .set({ active: () => 'id = :variantId' })
      .where(`conversation_id = :conversationId AND parent_id = :parentId AND role = 'character'`)
      .setParameters({ conversationId, parentId, variantId })
      .execute();
  }

  private shown(conversationId: string): SelectQueryBuilder<MessageEntity> {
    return this.database.manager
      .createQueryBuilder(MessageEntity, 'm')
      .where('m.conversation_id = :conversationId AND m.deleted_at IS NULL', { conversationId });
  }
}
