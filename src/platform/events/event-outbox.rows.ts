import type { Database } from '../database/database.js';
import type { Fact } from './event-log.js';

/** A fact that has no number yet. */
export type NewFact = Omit<Fact, 'fact' | 'follows'>;

/** Where facts wait until everybody has been told of them. */
export interface OutboxRows {
  /** Inside the transaction that makes them true. The numbers of a stream rise in the order of the commits. */
  add(facts: readonly NewFact[]): Promise<Fact[]>;
  /** Those of a stream between two, oldest first: after a number, before a fact. */
  between(after: number, fact: Fact, limit: number): Promise<Fact[]>;
  /**
   * Those with higher numbers that wait for longer than it takes to tell them, oldest first, without those of some streams;
   * one may come before what it follows.
   */
  overdue(after: number, without: readonly string[], limit: number): Promise<Fact[]>;
  /**
   * Up to the newest that was told of each stream: then those before it were, too, and one that stayed would be told
   * again, by itself, where the log is lost.
   */
  remove(told: ReadonlyMap<string, number>): Promise<void>;
  /**
   * Where numbers up to `told` were told that were never given here, the database is older than the log: it was restored
   * from a backup. New numbers begin beyond them, also those of what is waiting. Whether it was so.
   */
  outlive(told: number): Promise<boolean>;
}

interface Row {
  id: string;
  stream: string;
  event: Omit<NewFact, 'stream'>;
  follows?: string | null;
}

/** Well above what a healthy process takes from its commit to telling. */
const OVERDUE_SECONDS = 1;

/** More than can have been told without having been noted. */
const UNNOTED = 1_000_000;
const NUMBERS = `pg_get_serial_sequence('event_outbox', 'id')`;

/** Rows of `event_outbox`. */
export class DatabaseOutboxRows implements OutboxRows {
  constructor(private readonly database: Database) {}

  async add(facts: readonly NewFact[]): Promise<Fact[]> {
    // In the order of their names, or two transactions could wait for each other. Held until the commit, so that the
    // next one sees these rows and gets higher numbers.
    await this.database.manager.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('events:' || s, 0))
       FROM (SELECT DISTINCT s FROM unnest($1::text[]) AS s ORDER BY s) AS streams`,
      [facts.map(({ stream }) => stream)],
    );
    const rows = await this.database.manager.query<Row[]>(
      // Not now(), which is when the transaction began: that may be long ago.
      `INSERT INTO event_outbox (stream, event, created_at)
       SELECT f.stream, f.event, clock_timestamp() FROM unnest($1::text[], $2::jsonb[]) WITH ORDINALITY AS f (stream, event, n) ORDER BY f.n
       RETURNING id, stream, event,
         (SELECT max(o.id) FROM event_outbox o WHERE o.stream = event_outbox.stream) AS follows`,
      [
        facts.map(({ stream }) => stream),
        facts.map(({ stream: _stream, ...event }) => JSON.stringify(event)),
      ],
    );
    return chained(rows.map(toFact));
  }

  async between(after: number, { stream, fact }: Fact, limit: number): Promise<Fact[]> {
    const rows = await this.database.manager.query<Row[]>(
      'SELECT id, stream, event FROM event_outbox WHERE stream = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4',
      [stream, after, fact, limit],
    );
    return rows.map(toFact);
  }

  async overdue(after: number, without: readonly string[], limit: number): Promise<Fact[]> {
    const rows = await this.database.manager.query<Row[]>(
      `SELECT id, stream, event,
         (SELECT max(o.id) FROM event_outbox o WHERE o.stream = event_outbox.stream AND o.id < event_outbox.id) AS follows
       FROM event_outbox
       WHERE created_at < now() - make_interval(secs => $1) AND id > $2 AND stream <> ALL($3::text[])
       ORDER BY id LIMIT $4`,
      [OVERDUE_SECONDS, after, without, limit],
    );
    return rows.map(toFact);
  }

  async remove(told: ReadonlyMap<string, number>): Promise<void> {
    await this.database.manager.query(
      // Locked in one order: another process may be removing some of the same.
      `DELETE FROM event_outbox WHERE id IN (
         SELECT o.id FROM event_outbox o JOIN unnest($1::text[], $2::bigint[]) AS t (stream, newest)
           ON o.stream = t.stream AND o.id <= t.newest ORDER BY o.id FOR UPDATE OF o)`,
      [[...told.keys()], [...told.values()]],
    );
  }

  async outlive(told: number): Promise<boolean> {
    if (told <= (await this.newest())) return false;
    return this.database.transaction(async () => {
      const { manager } = this.database;
      // Another process may be doing the same.
      await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('event outbox numbers', 0))`);
      if (told <= (await this.newest())) return false;
      // What is being added would keep the number that it got; a commit follows at once.
      await manager.query('LOCK TABLE event_outbox IN SHARE ROW EXCLUSIVE MODE');
      await manager.query(`SELECT setval(${NUMBERS}, $1::bigint)`, [told + UNNOTED]);
      await manager.query(
        `WITH moved AS (DELETE FROM event_outbox RETURNING *)
         INSERT INTO event_outbox (stream, event, created_at) SELECT stream, event, created_at FROM moved ORDER BY id`,
      );
      return true;
    });
  }

  /** The newest number that was given. */
  private async newest(): Promise<number> {
    const [row] = await this.database.manager.query<{ newest: string | null }[]>(
      `SELECT pg_sequence_last_value(${NUMBERS}::regclass) AS newest`,
    );
    return Number(row?.newest ?? 0);
  }
}

/** Of a process that shares its log with nobody: what is not told when it dies, nobody could be told. */
export class MemoryOutboxRows implements OutboxRows {
  private readonly waiting = new Map<number, Fact>();
  private newest = 0;

  /** After the commit: then the order of the calls is that of the commits. */
  add(facts: readonly NewFact[]): Promise<Fact[]> {
    const added = facts.map((fact) => {
      const before = [...this.waiting.values()].findLast(({ stream }) => stream === fact.stream);
      const numbered: Fact = { ...fact, fact: ++this.newest, follows: before?.fact };
      this.waiting.set(numbered.fact, numbered);
      return numbered;
    });
    return Promise.resolve(added);
  }

  between(after: number, { stream, fact }: Fact, limit: number): Promise<Fact[]> {
    const found = [...this.waiting.values()].filter(
      (w) => w.stream === stream && w.fact > after && w.fact < fact,
    );
    return Promise.resolve(found.slice(0, limit));
  }

  overdue(): Promise<Fact[]> {
    return Promise.resolve([]);
  }

  remove(told: ReadonlyMap<string, number>): Promise<void> {
    for (const { stream, fact } of this.waiting.values()) {
      if (fact <= (told.get(stream) ?? 0)) this.waiting.delete(fact);
    }
    return Promise.resolve();
  }

  /** Its numbers are as old as its log. */
  outlive(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

const toFact = ({ id, stream, event, follows }: Row): Fact => ({
  ...event,
  stream,
  fact: Number(id),
  ...(follows == null ? {} : { follows: Number(follows) }),
});

/** Rows of one statement do not see each other. */
function chained(facts: readonly Fact[]): Fact[] {
  const newest = new Map<string, number>();
  return facts.map((fact) => {
    const follows = newest.get(fact.stream) ?? fact.follows;
    newest.set(fact.stream, fact.fact);
    return { ...fact, follows };
  });
}
