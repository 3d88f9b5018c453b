import pg from 'pg';
import type { StoredGeneration, StoredMessage, Truth } from './end-rules.js';

/** Counters and reservations of a person. */
export interface StoredUsage {
  used: number;
  reserved: number;
  committed: number;
  open: number;
}

const MESSAGES = `
  SELECT id, seq, role, text, status, generation_id AS "generationId", parent_id AS "parentId",
         client_message_id AS "clientMessageId", (active AND deleted_at IS NULL) AS shown
  FROM messages WHERE conversation_id = $1 ORDER BY seq`;
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
      const messages = await client.query<StoredMessage & { shown: boolean }>(MESSAGES, [conversationId]);
      const generations = await client.query<StoredGeneration>(GENERATIONS, [conversationId]);
      await client.query('COMMIT');
      return {
        messages: messages.rows.filter(({ shown }) => shown),
        hidden: messages.rows.filter(({ shown }) => !shown),
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
