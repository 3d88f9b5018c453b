import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { CharacterDay, WindowStatistics } from './character-stats.types.js';

interface WindowRow {
  conversations: number;
  messages: number;
  replies: number;
  replyMs: number;
  tokens: number;
  lastActiveAt: Date | null;
  uniqueUsers: number;
}

@Injectable()
export class CharacterStatsRepository {
  constructor(private readonly database: Database) {}

  /** Adds to a day's counts, and notes who it was; one statement. */
  async add(counts: CharacterDay, slot: number, userId: string): Promise<void> {
    const { characterId, day, conversations, messages, replies, replyMs, tokens, lastActiveAt } = counts;
    await this.database.manager.query(
      `WITH visitor AS (
         INSERT INTO character_visitors AS v (character_id, user_id, last_day) VALUES ($1, $10, $2)
         ON CONFLICT (character_id, user_id) DO UPDATE SET last_day = EXCLUDED.last_day
           WHERE v.last_day < EXCLUDED.last_day
       )
       INSERT INTO character_days AS d
         (character_id, day, slot, conversations, messages, replies, reply_ms, tokens, last_active_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (character_id, day, slot) DO UPDATE SET
         conversations = d.conversations + EXCLUDED.conversations,
         messages = d.messages + EXCLUDED.messages,
         replies = d.replies + EXCLUDED.replies,
         reply_ms = d.reply_ms + EXCLUDED.reply_ms,
         tokens = d.tokens + EXCLUDED.tokens,
         last_active_at = greatest(d.last_active_at, EXCLUDED.last_active_at)`,
      [characterId, day, slot, conversations, messages, replies, replyMs, tokens, lastActiveAt, userId],
    );
  }

  /** @param from first day of the window, ISO; null for all days */
  async window(characterId: string, from: string | null): Promise<WindowStatistics> {
    const [row] = await this.database.manager.query<WindowRow[]>(
      `SELECT coalesce(sum(conversations), 0)::int AS conversations,
              coalesce(sum(messages), 0)::int AS messages,
              coalesce(sum(replies), 0)::int AS replies,
              coalesce(sum(reply_ms), 0)::float8 AS "replyMs",
              coalesce(sum(tokens), 0)::float8 AS tokens,
              max(last_active_at) AS "lastActiveAt",
              (SELECT count(*)::int FROM character_visitors
                WHERE character_id = $1 AND ($2::date IS NULL OR last_day >= $2)) AS "uniqueUsers"
       FROM character_days WHERE character_id = $1 AND ($2::date IS NULL OR day >= $2)`,
      [characterId, from],
    );
    const { replies, replyMs, ...counts } = row!;
    return { ...counts, avgReplyMs: replies === 0 ? null : Math.round(replyMs / replies) };
  }

  /** Claims a closed day; false where it is or was reconciled by somebody. Joins the running transaction. */
  async claim(day: string): Promise<boolean> {
    const rows = await this.database.manager.query<unknown[]>(
      `WITH claimed AS (
         INSERT INTO character_days_reconciled (day) VALUES ($1) ON CONFLICT DO NOTHING RETURNING day
       ) SELECT day FROM claimed`,
      [day],
    );
    return rows.length > 0;
  }

  /**
   * Puts the truth about a day in the place of what was counted. Times are not compared: two clocks never agree.
   * @returns how many characters were wrong
   */
  async replaceDay(day: string, truth: readonly CharacterDay[]): Promise<number> {
    const column = <Name extends keyof CharacterDay>(name: Name): CharacterDay[Name][] =>
      truth.map((row) => row[name]);
    const [{ wrong }] = await this.database.manager.query<[{ wrong: number }]>(
      `WITH truth AS (
         SELECT * FROM unnest($2::uuid[], $3::int[], $4::int[], $5::int[], $6::bigint[], $7::bigint[], $8::timestamptz[])
           AS t (character_id, conversations, messages, replies, reply_ms, tokens, last_active_at)
         WHERE EXISTS (SELECT FROM characters c WHERE c.id = t.character_id)
       ), counted AS (
         SELECT character_id, sum(conversations)::int AS conversations, sum(messages)::int AS messages,
                sum(replies)::int AS replies, sum(reply_ms)::bigint AS reply_ms, sum(tokens)::bigint AS tokens
         FROM character_days WHERE day = $1 GROUP BY character_id
       ), wrong AS (
         SELECT coalesce(t.character_id, c.character_id) AS character_id
         FROM truth t FULL JOIN counted c USING (character_id)
         WHERE (t.conversations, t.messages, t.replies, t.tokens)
           IS DISTINCT FROM (c.conversations, c.messages, c.replies, c.tokens)
       ), emptied AS (
         DELETE FROM character_days d USING wrong w
         WHERE d.day = $1 AND d.character_id = w.character_id
           AND (d.slot > 0 OR NOT EXISTS (SELECT FROM truth t WHERE t.character_id = d.character_id))
       ), written AS (
         INSERT INTO character_days
           (character_id, day, slot, conversations, messages, replies, reply_ms, tokens, last_active_at)
         SELECT t.character_id, $1, 0, t.conversations, t.messages, t.replies, t.reply_ms, t.tokens, t.last_active_at
         FROM truth t JOIN wrong w USING (character_id)
         ON CONFLICT (character_id, day, slot) DO UPDATE SET
           conversations = EXCLUDED.conversations, messages = EXCLUDED.messages, replies = EXCLUDED.replies,
           reply_ms = EXCLUDED.reply_ms, tokens = EXCLUDED.tokens, last_active_at = EXCLUDED.last_active_at
       )
       SELECT count(*)::int AS wrong FROM wrong`,
      [
        day,
        column('characterId'),
        column('conversations'),
        column('messages'),
        column('replies'),
        column('replyMs'),
        column('tokens'),
        column('lastActiveAt'),
      ],
    );
    return wrong;
  }
}
