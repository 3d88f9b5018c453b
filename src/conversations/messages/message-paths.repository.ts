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
 * From a place back to the beginning, one row per branch: the part of it that belongs to the path ends at `cut_pos`. What
 * of it was there when the next part began ends at `cut_seq`: these do not overlap in seq, so reading them one after the
 * other is reading the path in order, and stops when there is enough. What came later is in `LATE`.
 * Each branch is looked up by itself: joined, all branches of a conversation would be read at each step of a long path.
 *
 * @param goesOn whether the parent of the branch `p` that has left it as `b` says is looked at, too
 */
const pathFrom = (start: string, goesOn = 'true'): string => `
  WITH RECURSIVE path (branch, cut_seq, cut_pos) AS (
    (${start})
    UNION ALL
    SELECT b.parent, b.fork_seq, b.fork_pos FROM path p CROSS JOIN LATERAL (
      SELECT * FROM conversation_branches WHERE conversation_id = $1 AND branch = p.branch LIMIT 1
    ) b WHERE ${goesOn}
  )`;

const ON_PATH = `m.conversation_id = $1 AND m.branch = path.branch AND m.deleted_at IS NULL AND m.pos <= path.cut_pos`;

/** Branches that had begun when a reply came which stands before them: hardly ever one. */
const LATE = 'conversation_branches f WHERE f.conversation_id = $1 AND f.late_seq IS NOT NULL';

/** Reads along the paths of a conversation: what one read costs depends on what it returns, not on the conversation. */
@Injectable()
export class MessagePaths {
  private names?: string;

  constructor(private readonly database: Database) {}

  /** Ascending by seq, on the path that ends with `leaf`, or on the one that is shown. */
  async window(
    conversationId: string,
    { limit, before, after }: PathWindow,
    leaf?: MessageRecord,
  ): Promise<MessageRecord[]> {
    if (limit === 0) return [];
    const start = leaf ? `SELECT $4::int, (${cutSeq('$1', '$4', '$5')}), $5::int` : ACTIVE;
    const bounds = [after ?? before ?? END, limit, ...(leaf ? [leaf.branch, leaf.pos] : [])];
    const rows = await this.query<MessageRecord>(
      after === undefined
        ? this.windowOf(pathFrom(start), 'path', 'm.seq < $2', 'm.seq DESC')
        : this.windowOf(
            pathFrom(start, GOES_ON_AFTER),
            '(SELECT * FROM path WHERE cut_seq > $2 ORDER BY branch) path',
            'm.seq > $2',
            'm.seq ASC',
          ),
      [conversationId, ...bounds],
    );
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
    const [row] = await this.query<MessageRecord>(
      `${pathFrom(ACTIVE)}
       SELECT m.* FROM path CROSS JOIN LATERAL (
         SELECT ${this.columns()} FROM messages m
         WHERE ${ON_PATH} AND ($2::text IS NULL OR m.role = $2) ORDER BY m.pos DESC LIMIT 1
       ) m LIMIT 1`,
      [conversationId, role ?? null],
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
  isShown({ conversationId, branch, pos }: Place): Promise<boolean> {
    return this.leadsThrough(ACTIVE, [conversationId, branch, pos]);
  }

  /** Ids of those messages that are on the path that is shown. */
  async shownAmong(conversationId: string, messages: readonly MessageRecord[]): Promise<Set<string>> {
    if (messages.length === 0) return new Set();
    const branches = messages.map(({ branch }) => branch);
    const rows = await this.query<{ id: string }>(
      `${pathFrom(ACTIVE, 'p.branch > $5')}
       SELECT m.id FROM unnest($2::uuid[], $3::int[], $4::int[]) AS m (id, branch, pos)
       JOIN path ON path.branch = m.branch AND path.cut_pos >= m.pos`,
      [
        conversationId,
        messages.map(({ id }) => id),
        branches,
        messages.map(({ pos }) => pos),
        Math.min(...branches),
      ],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Whether a place is on the path that leads to another one. */
  isBefore({ conversationId, branch, pos }: Place, place: Place): Promise<boolean> {
    const start = `SELECT $4::int, ${END}, $5::int`;
    return this.leadsThrough(start, [conversationId, branch, pos, place.branch, place.pos]);
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

  /**
   * Tells the branches that have left another one behind a place of it that a reply has come there, or before: windows
   * of their paths look for it among what came after they had begun.
   */
  async markLate({ conversationId, branch, pos }: Place, seq: number): Promise<void> {
    await this.query(
      // A branch that left it behind the place began after what stands there: half a position is a seq.
      `UPDATE conversation_branches SET late_seq = $4
       WHERE conversation_id = $1 AND branch > $3::int / 2 AND parent = $2 AND fork_pos >= $3`,
      [conversationId, branch, pos, seq],
    );
  }

  /** What had come when the branches of the path began, part by part, and what came later. */
  private windowOf(path: string, parts: string, beyond: string, order: string): string {
    const some = (condition: string): string =>
      `SELECT ${this.columns()} FROM messages m WHERE ${ON_PATH} AND ${condition} AND ${beyond} ORDER BY ${order} LIMIT $3`;
    return `${path}
      SELECT m.* FROM (
        (SELECT m.* FROM ${parts} CROSS JOIN LATERAL (${some('m.seq <= path.cut_seq')}) m LIMIT $3)
        UNION ALL
        (SELECT m.* FROM (SELECT f.* FROM ${LATE}) f
         CROSS JOIN LATERAL (
           SELECT f.parent AS branch, f.fork_pos AS cut_pos FROM path p WHERE p.branch = f.branch LIMIT 1
         ) path
         CROSS JOIN LATERAL (${some('m.seq > f.fork_seq AND m.seq <= f.late_seq')}) m)
      ) m ORDER BY ${order} LIMIT $3`;
  }

  /** @param parameters the conversation, the place, and what the start needs */
  private async leadsThrough(start: string, parameters: unknown[]): Promise<boolean> {
    const found = await this.query(
      `${pathFrom(start, 'p.branch > $2')} SELECT 1 FROM path WHERE branch = $2::int AND cut_pos >= $3::int LIMIT 1`,
      parameters,
    );
    return found.length > 0;
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

/** Of a path that is read upwards from a seq: nothing beyond is in the parents any more, or only what came late. */
const GOES_ON_AFTER = `b.fork_seq > $2 OR (SELECT max(f.late_seq) FROM ${LATE}) > $2`;

/** The newest seq among what stands in a branch up to a place. */
const cutSeq = (conversation: string, branch: string, pos: string): string => `
  SELECT coalesce(max(seq), 0) FROM (
    SELECT seq FROM messages
    WHERE conversation_id = ${conversation} AND branch = ${branch}::int AND pos <= ${pos}::int AND deleted_at IS NULL
    ORDER BY pos DESC LIMIT ${LATE_REPLIES}
  ) near`;
