import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { DatabaseSettings } from '../../../src/platform/database/database.settings.js';
import { refuseOldServer } from '../../../src/platform/database/database.startup.js';
import { MIGRATION_LOCK } from '../../../src/platform/database/migrate.js';
import { MIGRATIONS } from '../../../src/platform/database/migrations/migrations.js';
import { CleanPool } from '../../../src/platform/database/clean-pool.js';
import { openDatabase, type OpenDatabase } from '../../../src/platform/database/open-database.js';
import { startPostgres, type OwnPostgresServer } from '../../support/postgres-server.js';
import { freePort } from '../../support/server-process.js';

const open: OpenDatabase[] = [];
const start = async (settings: Partial<DatabaseSettings>): Promise<OpenDatabase> => {
  const database = await openDatabase(Object.assign(new DatabaseSettings(), settings), []);
  open.push(database);
  return database;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
});

describe('starting on PostgreSQL', () => {
  let server: OwnPostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ password: 'right-secret' });
  });
  afterAll(() => server.stop());

  const refusal = (message: RegExp, fix: RegExp): unknown =>
    expect.objectContaining({
      name: 'StartupError',
      message: expect.stringMatching(message) as string,
      fix: expect.stringMatching(fix) as string,
    });

  it('migrates once when five instances start together on an empty database', async () => {
    const { url } = await server.createDatabase();
    const instances = await Promise.all(Array.from({ length: 5 }, () => start({ url, poolSize: 3 })));
    const counted = await instances[0]?.dataSource.query('SELECT count(*)::int AS n FROM schema_migrations');
    expect(counted).toEqual([{ n: MIGRATIONS.length }]);
  });

  it('gives a migration, and whoever waits for it, more time than any request has', async () => {
    const { url } = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    const started = performance.now();
    // Requests are given up after 5.1 s.
    const waiting = start({ url, statementTimeoutMs: 100 });
    await Promise.race([waiting, sleep(5_600)]);
    await client.end();
    const { dataSource } = await waiting;
    expect(performance.now() - started).toBeGreaterThan(5_500);
    expect(await dataSource.query('SELECT count(*)::int AS n FROM schema_migrations')).toEqual([
      { n: MIGRATIONS.length },
    ]);
  });

  it('reads what others have committed meanwhile, and tells times in UTC, whatever the defaults and the address say', async () => {
    const { url } = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const name = new URL(url).pathname.slice(1);
    await client.query(`ALTER DATABASE "${name}" SET default_transaction_isolation = 'repeatable read'`);
    await client.query(`ALTER DATABASE "${name}" SET timezone = 'Asia/Tokyo'`);
    await client.end();
    const options = encodeURIComponent(
      '-c default_transaction_isolation=serializable -c timezone=Asia/Kolkata -c lock_timeout=4321',
    );
    for (const address of [url, `${url}?options=${options}&keepalives=1`]) {
      const { dataSource } = await start({ url: address, poolSize: 2 });
      const [session] = await dataSource.query<unknown[]>(
        `SELECT current_setting('transaction_isolation') AS isolation, current_setting('timezone') AS timezone,
                current_setting('lock_timeout') AS "lockTimeout"`,
      );
      const lockTimeout = address === url ? '0' : '4321ms';
      expect(session).toEqual({ isolation: 'read committed', timezone: 'UTC', lockTimeout });
    }
  });

  it('explains a server that is not there, without the password', async () => {
    const url = `postgres://rapport:right-secret@127.0.0.1:${await freePort()}/rapport`;
    const failure = start({ url });
    await expect(failure).rejects.toEqual(
      refusal(/postgres:\/\/rapport@127.*ECONNREFUSED/, /Start PostgreSQL/),
    );
    await expect(failure).rejects.not.toThrow('right-secret');
  });

  it('explains a wrong password', async () => {
    const url = server.url.replace('right-secret', 'wrong-secret');
    await expect(start({ url })).rejects.toEqual(
      refusal(/password authentication failed/, /password in DATABASE_URL/),
    );
  });

  it('explains a database that does not exist', async () => {
    await expect(start({ url: server.url.replace(/postgres$/, 'nowhere') })).rejects.toEqual(
      refusal(/"nowhere" does not exist/, /CREATE DATABASE/),
    );
  });

  it('refuses a schema that a newer version wrote', async () => {
    const { url } = await server.createDatabase();
    const { dataSource } = await start({ url });
    await dataSource.query(
      `INSERT INTO schema_migrations (timestamp, name) VALUES (9999, 'Future0000000009999')`,
    );
    await expect(start({ url })).rejects.toEqual(
      refusal(/newer Rapport.*Future0000000009999/, /that version or a newer/),
    );
  });

  it('refuses PostgreSQL before 15', () => {
    expect(() => refuseOldServer('14.12 (Debian)')).toThrow('15 or newer');
    expect(() => refuseOldServer('15.1')).not.toThrow();
  });

  it('does not lend a connection whose last statement is still running', () =>
    undisturbed(100, async () => {
      const pool = new CleanPool({ connectionString: server.url, max: 1, query_timeout: 400 });
      try {
        await expect(pool.query('SELECT pg_sleep(20)')).rejects.toThrow('timeout');
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      } finally {
        await pool.end();
      }
    }));
});

describe('starting on a data directory', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'rapport-data-')), 'data');
  });
  afterEach(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

  it('creates it for this user only, keeps what was written, and lets one process in at a time', async () => {
    const first = await start({ dataDir });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await first.dataSource
      .query(`INSERT INTO users (id, email, email_normalized, username, username_normalized)
      VALUES (gen_random_uuid(), 'a@b.c', 'a@b.c', 'ann', 'ann')`);
    await expect(start({ dataDir })).rejects.toThrow(`in use by process ${process.pid}`);
    await Promise.all(open.splice(0).map((database) => database.close()));
    const second = await start({ dataDir });
    expect(await second.dataSource.query('SELECT username FROM users')).toEqual([{ username: 'ann' }]);
  }, 120_000);

  it('refuses files that another version of PostgreSQL wrote', async () => {
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '99\n');
    await expect(start({ dataDir })).rejects.toThrow('was written by PostgreSQL 99');
  });
});
