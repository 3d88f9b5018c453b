import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Database, type DatabaseMode } from '../../src/platform/database/database.js';
import { DatabaseSettings } from '../../src/platform/database/database.settings.js';
import {
  openDatabase,
  openEmbedded,
  type EntityClass,
  type OpenDatabase,
} from '../../src/platform/database/open-database.js';
import {
  openMemoryDatabase,
  type EmbeddedOptions,
} from '../../src/platform/database/pglite/embedded-database.js';
import { oncePerRun } from './once-per-run.js';
import type { PostgresDatabase, PostgresServer } from './postgres-server.js';
import { testServers } from './test-servers.js';

const ROOT = resolve(__dirname, '../..');
const TEMPLATES = join(ROOT, 'node_modules/.cache/rapport');

/** A migrated database of the test's own. */
export interface TestDatabase extends OpenDatabase {
  readonly database: Database;
}

export interface TestDatabaseOptions extends EmbeddedOptions {
  entities?: readonly EntityClass[];
  /** `postgres`: a new one on the run's server. `embedded`: PGlite in memory, five times the processor time. @default 'postgres' */
  on?: DatabaseMode;
}

/**
 * @example
 * let db: TestDatabase;
 * beforeAll(async () => { db = await createTestDatabase({ entities: [UserEntity] }); });
 * afterAll(() => db.close());
 * new UsersRepository(db.database);
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const open = options.on === 'embedded' ? await openInMemory(options) : await openOnServer(options);
  return { ...open, database: new Database(open.dataSource, open.mode) };
}

async function openInMemory({ entities = [], ...options }: TestDatabaseOptions): Promise<OpenDatabase> {
  const template = await templateFile();
  return openEmbedded(await openMemoryDatabase(new Blob([readFileSync(template)]), options), entities);
}

async function openOnServer({ entities = [] }: TestDatabaseOptions): Promise<OpenDatabase> {
  const { url, drop } = await createMigratedDatabase();
  // One slow statement on a busy machine is no reason to refuse those that wait behind it.
  const settings = Object.assign(new DatabaseSettings(), { url, poolSize: 10, connectTimeoutMs: 30_000 });
  const open = await openDatabase(settings, entities);
  const close = async (): Promise<void> => {
    await open.close();
    await drop();
  };
  return { ...open, close };
}

/** On the run's server. */
export async function createMigratedDatabase(): Promise<PostgresDatabase> {
  const server = await testServers.postgres();
  return server.createDatabase(await migratedOn(server));
}

/** The name of a migrated database on the run's own server; another one is left as it was found. */
async function migratedOn(server: PostgresServer): Promise<string | undefined> {
  if (process.env.RAPPORT_TEST_POSTGRES_URL) return undefined;
  return oncePerRun('postgres-template', async () => {
    const { url } = await server.createDatabase();
    const { close } = await openDatabase(Object.assign(new DatabaseSettings(), { url, poolSize: 1 }), []);
    await close();
    return new URL(url).pathname.slice(1);
  });
}

/** Initialising and migrating takes seconds; a dump of the result is shared by all test files until a migration changes. */
async function templateFile(): Promise<string> {
  const file = join(TEMPLATES, `template-${fingerprint()}.tar`);
  if (existsSync(file)) return file;
  return oncePerRun('database-template', async () => {
    const dump = await makeTemplate();
    mkdirSync(TEMPLATES, { recursive: true });
    const outdated = readdirSync(TEMPLATES).filter((name) => /^template-.*\.tar$/.test(name));
    for (const name of outdated) rmSync(join(TEMPLATES, name), { force: true });
    // Another run may be writing the same file: each writes its own, and the rename is atomic.
    writeFileSync(`${file}.${process.pid}`, dump);
    renameSync(`${file}.${process.pid}`, file);
    return file;
  });
}

/** A quarter of the usual size, for each test unpacks it: no spare databases, a short log, few buffers. */
async function makeTemplate(): Promise<Buffer> {
  const { PGlite } = await import('@electric-sql/pglite');
  const bare = await PGlite.create({
    initDbStartParams: ['--wal-segsize=1', '--set', 'shared_buffers=8MB'],
  });
  await bare.exec('UPDATE pg_database SET datistemplate = false');
  for (const name of ['template0', 'template1']) await bare.exec(`DROP DATABASE ${name}`);
  const initialised = await bare.dumpDataDir('none');
  await bare.close();

  const embedded = await openMemoryDatabase(initialised);
  const { dataSource, close } = await openEmbedded(embedded, []);
  // Otherwise each copy begins with the recovery of what the migrations wrote.
  await dataSource.query('CHECKPOINT');
  const dump = Buffer.from(await (await embedded.dump()).arrayBuffer());
  await close();
  return dump;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const migrations = join(ROOT, 'src/platform/database/migrations');
  for (const name of readdirSync(migrations).sort()) hash.update(readFileSync(join(migrations, name)));
  hash.update(readFileSync(join(ROOT, 'node_modules/@electric-sql/pglite/package.json')));
  hash.update(readFileSync(__filename));
  return hash.digest('hex').slice(0, 16);
}
