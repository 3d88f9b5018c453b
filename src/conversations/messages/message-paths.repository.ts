import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { MessageEntity, type MessageRole } from './message.entity.js';
import type { MessageRecord } from './messages.repository.js';

/** A place in a conversation's tree of messages. */
export type Place = Pick<MessageRecord, 'conversationId' | 'branch' | 'pos'>;

export interface HistoryMessage {
  role: MessageRole;
  text: string;
  seq: number;
}

/** Which messages of a path are wanted: at most one of the ends. */
export interface PathWindow {
  limit: number;
  before?: number;
  after?: number;
}

/** Messages that a prompt can ever look back on. */
const MAX_HISTORY = 400;
/** PostgreSQL's integer. */
const END = 2 ** 31 - 1;
/** Replies that were asked for before a message and came after it stand within so many places before it. */
const LATE_REPLIES = 64;

const ACTIVE = `SELECT active_branch, ${END}, ${END} FROM conversations WHERE id = $1`;

/**
 * From a place back to the beginning, one row per branch: the part of it that belongs to the path ends at both cuts.
 * `cut_pos` is what decides; `cut_seq` lets an index by seq begin there instead of at the branch's end. The parts do not
 * overlap in seq, so reading them one after the other is reading the path in order, and stops when there is enough.
 */
const pathFrom = (start: string): string => `
  WITH RECURSIVE path (branch, cut_seq, cut_pos) AS (
    (${start})
    UNION ALL
    SELECT b.parent, b.fork_seq, b.fork_pos FROM path p
    JOIN conversation_branches b ON b.conversation_id = $1 AND b.branch = p.branch
  )`;

const ON_PATH = `m.conversation_id = $1 AND m.branch = path.branch AND m.deleted_at IS NULL
  AND m.seq <= path.cut_seq AND m.pos <= path.cut_pos`;

/** Reads along the paths of a conversation: what one read costs depends on what it returns, not on the conversation. */
@Injectable()
export class MessagePaths {
  private names?: string;

  constructor(private readonly database: Database) {}

  /** Ascending by seq, on the path that ends with `leaf`, or on the one that is shown. */
  async window(conversationId: string, window: PathWindow, leaf?: MessageRecord): Promise<MessageRecord[]> {
    const { limit, before, after } = window;
    if (limit === 0) return [];
    const rows = await (after === undefined
      ? this.read(conversationId, leaf, 'path', 'm.seq < $2', 'm.seq DESC', [before ?? END, limit])
      : this.read(
          conversationId,
          leaf,
          '(SELECT * FROM path WHERE cut_seq > $2 ORDER BY branch) path',
          'm.seq > $2',
          'm.seq ASC',
          [after, limit],
        ));
    return after === undefined ? rows.reverse() : rows;
  }

  /** Whether the path goes on before or after a seq. */
  async goesOn(
    conversationId: string,
    side: 'before' | 'after',
    seq: number,
    leaf?: MessageRecord,
  ): Promise<boolean> {
    const ends = side === 'before' ? { before: seq } : { after: seq };
    return (await this.window(conversationId, { ...ends, limit: 1 }, leaf)).length > 0;
  }

  /** What stands last on the path that is shown: what a new message follows. */
  async last(conversationId: string, role?: MessageRole): Promise<MessageRecord | undefined> {
    const [row] = await this.read(
      conversationId,
      undefined,
      'path',
      '($2::text IS NULL OR m.role = $2)',
      BY_POS,
      [role ?? null, 1],
    );
    return row;
  }

  /** What stands last in a branch. */
  async lastOf(conversationId: string, branch: number): Promise<Place | undefined> {
    const [row] = await this.query<Place>(
      `SELECT conversation_id AS "conversationId", branch, pos FROM messages
       WHERE conversation_id = $1 AND branch = $2 AND deleted_at IS NULL ORDER BY pos DESC LIMIT 1`,
      [conversationId, branch],
    );
    return row;
  }

  /** Whether a place is on the path that is shown. */
  async isShown({ conversationId, branch, pos, seq }: Place & { seq: number }): Promise<boolean> {
    const found = await this.query(
      `${pathFrom(ACTIVE)} SELECT 1 FROM path WHERE branch = $2 AND cut_pos >= $3 AND cut_seq >= $4 LIMIT 1`,
      [conversationId, branch, pos, seq],
    );
    return found.length > 0;
  }

  /** Whether a message is on the path that leads to a place. */
  async isBefore(
    { conversationId, branch, pos, seq }: Place & { seq: number },
    place: Place,
  ): Promise<boolean> {
    const found = await this.query(
      `${pathFrom(`SELECT $2::int, ${END}, $3::int`)}
       SELECT 1 FROM path WHERE branch = $4 AND cut_pos >= $5 AND cut_seq >= $6 LIMIT 1`,
      [conversationId, place.branch, place.pos, branch, pos, seq],
    );
    return found.length > 0;
  }

  /**
   * What had been said when `answered` was to be answered, oldest first and ending with it. Replies stand with the
   * message they answer, not where they were stored: with queued messages a reply is stored after the next question.
   */
  async historyUpTo(answered: Place, limit = MAX_HISTORY): Promise<HistoryMessage[]> {
    const { conversationId, branch, pos } = answered;
    const rows = await this.query<HistoryMessage>(
      `${pathFrom(`SELECT $2::int, ${END}, $3::int`)}
       SELECT m.* FROM path CROSS JOIN LATERAL (
         SELECT m.role, CASE WHEN m.text = '' THEN '[' || m.kind || ']' ELSE m.text END AS text, m.seq
         FROM messages m WHERE ${ON_PATH} ORDER BY m.pos DESC LIMIT $4
       ) m LIMIT $4`,
      [conversationId, branch, pos, limit],
    );
    return rows.reverse();
  }

  /** Lets a new branch leave another one behind a place. */
  async fork({ conversationId, branch: parent, pos }: Place, branch: number): Promise<void> {
    await this.query(
      `INSERT INTO conversation_branches (conversation_id, branch, parent, fork_seq, fork_pos)
       SELECT $1, $2, $3, (${cutSeq('$1', '$3', '$4')}), $4::int`,
      [conversationId, branch, parent, pos],
    );
  }

  private read(
    conversationId: string,
    leaf: MessageRecord | undefined,
    path: string,
    condition: string,
    order: string,
    [bound, limit]: [bound: number | string | null, limit: number],
  ): Promise<MessageRecord[]> {
    const start = leaf ? `SELECT $4::int, (${cutSeq('$1', '$4', '$5')}), $5::int` : ACTIVE;
    return this.query<MessageRecord>(
      `${pathFrom(start)}
       SELECT m.* FROM ${path} CROSS JOIN LATERAL (
         SELECT ${this.columns()} FROM messages m WHERE ${ON_PATH} AND ${condition} ORDER BY ${order} LIMIT $3
       ) m LIMIT $3`,
      [conversationId, bound, limit, ...(leaf ? [leaf.branch, leaf.pos] : [])],
    );
  }

  private columns(): string {
    const { columns } = this.database.manager.connection.getMetadata(MessageEntity);
    this.names ??= columns.map((column) => `m.${column.databaseName} AS "${column.propertyName}"`).join(', ');
    return this.names;
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.manager.query<Row[]>(sql, parameters);
  }
}

const BY_POS = 'm.pos DESC';

/** The newest seq among what stands in a branch up to a place. */
const cutSeq = (conversation: string, branch: string, pos: string): string => `
  SELECT coalesce(max(seq), 0) FROM (
    SELECT seq FROM messages
    WHERE conversation_id = ${conversation} AND branch = ${branch}::int AND pos <= ${pos}::int AND deleted_at IS NULL
    ORDER BY pos DESC LIMIT ${LATE_REPLIES}
  ) near`;
