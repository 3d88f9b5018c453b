import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';

/** What a person takes along, one row as JSON. */
type Row = Record<string, unknown>;

export interface StoredConversation {
  id: string;
  userId: string;
  characterId: string;
  deletedAt: Date | null;
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** Everything of a person that conversations hold, those included that were deleted and are still there. */
@Injectable()
export class ConversationDataRepository {
  constructor(private readonly database: Database) {}

  conversations(userId: string, after = BEFORE_ALL, limit = 100): Promise<Row[]> {
    return this.database.manager.query(
      `SELECT c.id, c.character_id AS "characterId", c.title, c.metadata, s.text AS summary,
              c.created_at AS "createdAt", c.archived_at AS "archivedAt", c.deleted_at AS "deletedAt"
       FROM conversations c LEFT JOIN conversation_summaries s ON s.conversation_id = c.id
       WHERE c.user_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3`,
      [userId, after, limit],
    );
  }

  messages(conversationId: string, afterSeq: number, limit: number): Promise<(Row & { seq: number })[]> {
    return this.database.manager.query(
      `SELECT id, conversation_id AS "conversationId", seq, parent_id AS "parentId", role, kind, text, attachments,
              created_at AS "createdAt", edited_at AS "editedAt", deleted_at AS "deletedAt"
       FROM messages WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      [conversationId, afterSeq, limit],
    );
  }

  async nextId(userId: string, after = BEFORE_ALL): Promise<string | undefined> {
    const rows = await this.database.manager.query<{ id: string }[]>(
      'SELECT id FROM conversations WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT 1',
      [userId, after],
    );
    return rows[0]?.id;
  }

  async any(userId: string): Promise<StoredConversation | undefined> {
    const rows = await this.database.manager.query<StoredConversation[]>(
      `SELECT id, user_id AS "userId", character_id AS "characterId", deleted_at AS "deletedAt"
       FROM conversations WHERE user_id = $1 LIMIT 1`,
      [userId],
    );
    return rows[0];
  }

  /** Ids of replies whose events may be kept still. */
  async recentReplies(conversationId: string): Promise<string[]> {
    const rows = await this.database.manager.query<{ id: string }[]>(
      `SELECT id FROM generations
       WHERE conversation_id = $1 AND (completed_at IS NULL OR completed_at > now() - interval '25 hours')`,
      [conversationId],
    );
    return rows.map(({ id }) => id);
  }

  /** Whether there may be more of its messages and replies. */
  async deleteSome(conversationId: string, limit: number): Promise<boolean> {
    for (const table of ['messages', 'generations']) {
      const [gone] = await this.database.manager.query<{ count: number }[]>(
        `WITH gone AS (
           DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE conversation_id = $1 LIMIT $2) RETURNING id
         ) SELECT count(*)::int AS count FROM gone`,
        [conversationId, limit],
      );
      if (gone?.count === limit) return true;
    }
    return false;
  }

  async delete(conversationId: string): Promise<void> {
    await this.database.manager.query('DELETE FROM conversations WHERE id = $1', [conversationId]);
  }
}
