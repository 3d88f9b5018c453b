import pg from 'pg';
import type { StoredGeneration, StoredMessage, Truth } from './end-rules.js';

/** Counters and reservations of a person. */
export interface StoredUsage {
  used: number;
  reserved: number;
  committed: number;
  open: number;
}

interface Standing {
  shown: boolean;
  deleted: boolean;
}

const MESSAGES = `
  WITH RECURSIVE path AS (
    SELECT active_branch AS branch, last_seq AS seq, 2 * last_seq + 1 AS pos FROM conversations WHERE id = $1
    UNION ALL
    SELECT b.parent, b.fork_seq, b.fork_pos
    FROM path JOIN conversation_branches b ON b.conversation_id = $1 AND b.branch = path.branch
  )
  SELECT id, seq, role, text, status, generation_id AS "generationId", parent_id AS "parentId",
         client_message_id AS "clientMessageId", deleted_at IS NOT NULL AS deleted,
         EXISTS (SELECT 1 FROM path WHERE path.branch = m.branch AND m.seq <= path.seq AND m.pos <= path.pos) AS shown
  FROM messages m WHERE conversation_id = $1 ORDER BY m.seq`;
const GENERATIONS = `
  SELECT id, status, text, parent_message_id AS "parentMessageId", reply_message_id AS "replyMessageId"
  FROM generations WHERE conversation_id = $1 ORDER BY created_at, id`;
const USAGE = `
  SELECT (SELECT coalesce(sum(used), 0) FROM usage_counters WHERE user_id = $1)::int AS used,
         (SELECT coalesce(sum(reserved), 0) FROM usage_counters WHERE user_id = $1)::int AS reserved,
         (SELECT coalesce(sum(quantity), 0) FROM usage_reservations
          WHERE user_id = $1 AND status = 'committed')::int AS committed,
         (SELECT count(*) FROM usage_reservations WHERE user_id = $1 AND status = 'reserved')::int AS open`;

/** PostgreSQL itself, past every cache and every line of the service. */
export class Database {
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 10_000 });
    this.pool.on('error', () => undefined);
  }

  /** In one snapshot. */
  async truth(conversationId: string): Promise<Truth> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const messages = await client.query<StoredMessage & Standing>(MESSAGES, [conversationId]);
      const generations = await client.query<StoredGeneration>(GENERATIONS, [conversationId]);
      await client.query('COMMIT');
      return {
        messages: messages.rows.filter(({ shown, deleted }) => shown && !deleted),
        hidden: messages.rows.filter(({ deleted }) => deleted),
        elsewhere: messages.rows.filter(({ shown, deleted }) => !shown && !deleted),
        generations: generations.rows,
      };
    } finally {
      client.release();
    }
  }

  async usage(userId: string): Promise<StoredUsage> {
    return (await this.pool.query<StoredUsage>(USAGE, [userId])).rows[0]!;
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
