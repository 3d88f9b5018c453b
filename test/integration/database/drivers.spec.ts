import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

type Outcome =
  | { rows: unknown }
  | { code: unknown; constraint: unknown; detail: unknown; message: unknown; table: unknown };

const ID = '0190b5a0-7c1e-7000-8000-000000000001';
const WHEN = new Date('2026-11-20T12:34:56.789Z');

const VALUES: [name: string, sql: string][] = [
  ['uuid', `SELECT '${ID}'::uuid AS v`],
  ['int2 and int4', 'SELECT 7::int2 AS a, 2147483647::int4 AS b'],
  ['int8 beyond doubles', 'SELECT 9007199254740993::int8 AS v'],
  ['numeric', 'SELECT 12345678901234567890.123456789::numeric AS v'],
  [
    'float4 and float8',
    `SELECT 0.1::float4 AS a, 0.1::float8 AS b, 'NaN'::float8 AS c, 'Infinity'::float8 AS d`,
  ],
  ['boolean', 'SELECT true AS a, false AS b, null::boolean AS c'],
  ['text with quotes, umlauts, emoji', `SELECT 'it''s "ü" 🌍' AS v`],
  ['timestamptz', `SELECT '2026-11-20 12:34:56.789+02'::timestamptz AS v`],
  ['timestamp without zone', `SELECT '2026-11-20 12:34:56.789'::timestamp AS v`],
  ['date', `SELECT '2026-11-20'::date AS v`],
  ['time and interval', `SELECT '12:34:56'::time AS a, '1 day 02:03:04'::interval AS b`],
  ['jsonb', `SELECT '{"b": [1, null, "x"], "a": {"c": 1.5}}'::jsonb AS v`],
  ['json null', `SELECT 'null'::jsonb AS a, null::jsonb AS b`],
  ['text[]', `SELECT ARRAY['a', 'with "quotes"', 'with, comma', '', null]::text[] AS v`],
  ['int8[] and uuid[]', `SELECT ARRAY[1, 2]::int8[] AS a, ARRAY['${ID}']::uuid[] AS b`],
  ['nested arrays', `SELECT ARRAY[[1, 2], [3, 4]] AS v`],
  ['empty array', `SELECT '{}'::text[] AS v`],
  ['timestamptz[]', `SELECT ARRAY['2026-11-20 00:00:00+00']::timestamptz[] AS v`],
  ['jsonb[]', `SELECT ARRAY['{"a":1}']::jsonb[] AS v`],
  ['bytea', `SELECT '\\x00ff10'::bytea AS v`],
  ['no rows', 'SELECT 1 AS v WHERE false'],
  ['two columns of one name', 'SELECT 1 AS v, 2 AS v'],
];

const PARAMETERS: [name: string, sql: string, parameters: unknown[]][] = [
  ['string', 'SELECT $1::text AS v', ['it\'s "ü"']],
  ['number', 'SELECT $1::int AS a, $2::float8 AS b, $3::int8 AS c', [1, 1.5, Number.MAX_SAFE_INTEGER]],
  ['bigint', 'SELECT $1::int8 AS v', [9007199254740993n]],
  ['boolean and null', 'SELECT $1::boolean AS a, $2::text AS b, $3::text AS c', [true, null, undefined]],
  ['Date to timestamptz', 'SELECT $1::timestamptz AS v', [WHEN]],
  ['Buffer to bytea', 'SELECT $1::bytea AS v', [Buffer.from([0, 255, 16])]],
  ['array to text[]', 'SELECT $1::text[] AS v', [['a', 'with "quotes", comma', null, '']]],
  ['array in ANY', 'SELECT n FROM generate_series(1, 5) AS n WHERE n = ANY($1::int[]) ORDER BY n', [[2, 4]]],
  ['object to jsonb', 'SELECT $1::jsonb AS v', [{ a: [1, { b: null }], when: WHEN }]],
  ['untyped', 'SELECT $1 AS v', ['text']],
  ['a megabyte of text', 'SELECT length($1::text) AS v', ['x'.repeat(1_000_000)]],
];

const WRITES: [name: string, sql: string, ...parameters: [unknown[]?]][] = [
  ['insert returning', `INSERT INTO t (id, name) VALUES ($1, $2) RETURNING id, name`, [1, 'one']],
  [
    'insert on conflict',
    `INSERT INTO t (id, name) VALUES (1, 'other') ON CONFLICT (id) DO NOTHING RETURNING id`,
  ],
  ['update', `UPDATE t SET name = 'two' WHERE id = 1`],
  ['update returning', `UPDATE t SET name = 'two' WHERE id = 1 RETURNING name`],
  ['unique violation', `INSERT INTO t (id, name) VALUES (1, 'again')`],
  ['not-null violation', `INSERT INTO t (id, name) VALUES (2, NULL)`],
  ['check violation', `INSERT INTO t (id, name) VALUES (-1, 'negative')`],
  ['foreign key violation', `INSERT INTO child (parent) VALUES (99)`],
  ['syntax error', 'SELEKT 1'],
  ['unknown table', 'SELECT * FROM nowhere'],
  ['invalid input', `SELECT $1::uuid`, ['not-a-uuid']],
  ['division by zero', 'SELECT 1 / 0'],
  ['several statements at once', `SELECT 1 AS a; SELECT 2 AS b`],
  ['delete', 'DELETE FROM t WHERE id = 1'],
];

describe('the embedded database answers as PostgreSQL does', () => {
  let embedded: TestDatabase;
  let postgres: TestDatabase;
  const both = (): TestDatabase[] => [embedded, postgres];

  beforeAll(async () => {
    [embedded, postgres] = await Promise.all([createTestDatabase({ on: 'embedded' }), createTestDatabase()]);
    for (const db of both()) {
      await db.dataSource.query(`
        CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, name text NOT NULL, CONSTRAINT t_positive CHECK (id > 0));
        CREATE TABLE child (parent int CONSTRAINT child_parent_fk REFERENCES t (id));`);
    }
  });
  afterAll(() => Promise.all(both().map((db) => db?.close())));

  const outcome = async (db: TestDatabase, sql: string, parameters?: unknown[]): Promise<Outcome> => {
    try {
      return { rows: await db.dataSource.query(sql, parameters) };
    } catch (error) {
      const { driverError } = error as { driverError: Record<string, unknown> };
      const { code, constraint, detail, message, table } = driverError;
      return { code, constraint, detail, message, table };
    }
  };
  const compare = async (sql: string, parameters?: unknown[]): Promise<void> => {
    const [ours, theirs] = await Promise.all(both().map((db) => outcome(db, sql, parameters)));
    expect(ours).toStrictEqual(theirs);
  };

  it.each(VALUES)('reads %s', (_name, sql) => compare(sql));
  it.each(PARAMETERS)('takes a parameter: %s', (_name, sql, parameters) => compare(sql, parameters));
  it.each(WRITES)('writes and refuses: %s', (_name, sql, ...parameters) => compare(sql, ...parameters));

  it('names the violated constraint in the error', async () => {
    await Promise.all(both().map((db) => db.dataSource.query(`INSERT INTO t (id, name) VALUES (5, 'five')`)));
    for (const db of both()) {
      expect(await outcome(db, `INSERT INTO t (id, name) VALUES (5, 'five')`)).toMatchObject({
        code: '23505',
        constraint: 't_key',
        detail: 'Key (id)=(5) already exists.',
      });
    }
  });

  it('keeps times in UTC whatever the time zone of the machine', async () => {
    for (const db of both())
      expect(await outcome(db, 'SHOW TIME ZONE')).toEqual({ rows: [{ TimeZone: 'UTC' }] });
  });
});
