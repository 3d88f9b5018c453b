import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Database } from '../platform/database/database.js';
import { writtenRow } from '../platform/database/written-row.js';
import { ConversationEntity } from './conversation.entity.js';
import { toRecord, type Conversation } from './conversation.js';

export interface ConversationFilter {
  characterId?: string;
  archived: boolean;
  updatedSince?: Date;
}

export interface ConversationChange {
  title?: string;
  archived?: boolean;
}

/** What a new message does to its conversation. */
export interface Appended {
  seq: number;
  /** Undefined where it is not shown. */
  preview: string | undefined;
  /** The branch that is shown from now on, if it changes. */
  branch?: number;
  /** The owner has seen it: it is their own. */
  read: boolean;
}

const PREVIEW_LENGTH = 140;
/** What a list shows; metadata and messages can be large. */
const LISTED = [
  'id',
  'characterId',
  'title',
  'lastMessagePreview',
  'lastSeq',
  'readSeq',
  'lastActivityAt',
].map((column) => `c.${column}`);

@Injectable()
export class ConversationsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Conversation | undefined> {
    const row = await this.rows().where('c.id = :id AND c.deleted_at IS NULL', { id }).getOne();
    return row ? toRecord(row) : undefined;
  }

  /** The owner's conversations; order and page are the caller's to add. */
  ownedBy(
    userId: string,
    { characterId, archived, updatedSince }: ConversationFilter,
  ): SelectQueryBuilder<ConversationEntity> {
    const query = this.rows()
      .select(LISTED)
      .where('c.user_id = :userId AND c.deleted_at IS NULL', { userId })
      .andWhere(archived ? 'c.archived_at IS NOT NULL' : 'c.archived_at IS NULL');
    if (characterId) query.andWhere('c.character_id = :characterId', { characterId });
    if (updatedSince) query.andWhere('c.last_activity_at >= :updatedSince', { updatedSince });
    return query;
  }

  async insert(
    row: Pick<Conversation, 'id' | 'userId' | 'characterId' | 'title' | 'metadata'>,
  ): Promise<void> {
    await this.database.manager.insert(ConversationEntity, { ...row, metadata: row.metadata as object });
  }

  /**
   * Takes the conversation's lock until the transaction ends: whoever holds it hands out the next seq. Undefined unless
   * it is the user's.
   */
  async lock(id: string, userId: string): Promise<Conversation | undefined> {
    const row = await this.rows()
      .where('c.id = :id AND c.user_id = :userId AND c.deleted_at IS NULL', { id, userId })
      .setLock('pessimistic_write')
      .getOne();
    return row ? toRecord(row) : undefined;
  }

  /** Under the lock. The conversation as it is then. */
  recordMessage(id: string, { seq, preview, branch, read }: Appended): Promise<Conversation | undefined> {
    return this.update(id, {
      lastSeq: seq,
      ...(read ? { readSeq: seq } : {}),
      ...(branch === undefined ? {} : { activeBranch: branch }),
      ...(preview === undefined ? {} : { lastMessagePreview: excerpt(preview) }),
      lastActivityAt: () => 'clock_timestamp()',
    });
  }

  /**
   * Under the lock: an edit, a removal or a choice changes what is listed, not when it was last active. The conversation as
   * it is then.
   */
  recordChange(id: string, preview: string, inContent: boolean): Promise<Conversation | undefined> {
    return this.update(id, {
      lastMessagePreview: excerpt(preview),
      ...(inContent ? { contentChanges: () => 'content_changes + 1' } : {}),
    });
  }

  /** Under the lock. */
  async showBranch(id: string, activeBranch: number): Promise<void> {
    await this.update(id, { activeBranch });
  }

  async change(id: string, { title, archived }: ConversationChange): Promise<void> {
    await this.update(id, {
      ...(title === undefined ? {} : { title }),
      ...(archived === undefined
        ? {}
        : { archivedAt: archived ? () => 'coalesce(archived_at, now())' : null }),
    });
  }

  async replaceMetadata(id: string, metadata: Record<string, unknown>): Promise<void> {
    await this.update(id, { metadata: metadata as object, metadataVersion: () => 'metadata_version + 1' });
  }

  async remove(id: string): Promise<void> {
    await this.update(id, { deletedAt: () => 'now()' });
  }

  /** The largest seq ever sent wins, whatever order they arrive in. */
  async markRead(id: string, seq: number): Promise<void> {
    await this.database.manager
      .createQueryBuilder()
      .update(ConversationEntity)
      .set({ readSeq: seq, version: () => 'version + 1', updatedAt: () => 'now()' })
      .where('id = :id AND read_seq < :seq AND last_seq >= :seq', { id, seq })
      .execute();
  }

  private async update(
    id: string,
    set: Parameters<ReturnType<typeof this.updating>['set']>[0],
  ): Promise<Conversation | undefined> {
    const update = this.updating()
      .set({ ...set, version: () => 'version + 1', updatedAt: () => 'now()' })
      .where('id = :id AND deleted_at IS NULL', { id });
    const row = await writtenRow(update);
    return row && toRecord(row);
  }

  private updating() {
    return this.database.manager.createQueryBuilder().update(ConversationEntity);
  }

  private rows(): SelectQueryBuilder<ConversationEntity> {
    return this.database.manager.createQueryBuilder(ConversationEntity, 'c');
  }
}

const excerpt = (text: string): string =>
  Array.from(text.slice(0, PREVIEW_LENGTH * 2))
    .slice(0, PREVIEW_LENGTH)
    .join('');
