import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import { StartupError } from '../../errors/startup-error.js';
import { CleanPool } from '../clean-pool.js';
import { DirectoryLock } from './directory-lock.js';
import { EmbeddedSession } from './embedded-session.js';
import { EmbeddedSocket } from './embedded-socket.js';

/** Major version of the PostgreSQL inside PGlite; a directory written by another one cannot be opened. */
const PG_MAJOR = '18';
const SERVER_VERSION = '18.0';
const ACQUIRE_TIMEOUT_MS = 10_000;

export interface EmbeddedDatabase {
  /** What TypeORM takes as its `driver`: a `pg` whose pool connects to the in-process server. */
  readonly driver: { Pool: new (options: pg.PoolConfig) => pg.Pool };
  dump(): Promise<Blob>;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  acquireTimeoutMs?: number;
}

/** Opens (creating it if need be) the database in `dataDir`, for this process alone. */
export async function openEmbeddedDatabase(
  dataDir: string,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  const root = resolve(dataDir);
  const directory = join(root, 'postgres');
  await prepareDirectory(root);
  const lock = await DirectoryLock.acquire(join(root, 'postgres.lock'), directory);
  try {
    await refuseOtherVersion(directory);
    return await open({ dataDir: directory }, options, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** An empty database in memory, or the copy that {@link EmbeddedDatabase.dump} made. */
export const openMemoryDatabase = (
  loadDataDir?: Blob,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> => open({ loadDataDir }, options, () => undefined);

async function open(
  pgliteOptions: { dataDir?: string; loadDataDir?: Blob },
  { acquireTimeoutMs = ACQUIRE_TIMEOUT_MS }: EmbeddedOptions,
  onClose: () => void,
): Promise<EmbeddedDatabase> {
  // Loaded on demand: 0.5 GB that a process with a PostgreSQL server never pays.
  const { PGlite } = await import('@electric-sql/pglite');
  const server = await PGlite.create(pgliteOptions);
  await server.exec(`SET TIME ZONE 'UTC'`);
  const session = new EmbeddedSession(server, acquireTimeoutMs);
  class Pool extends CleanPool {
    constructor(poolOptions: pg.PoolConfig) {
      super({ ...poolOptions, stream: () => new EmbeddedSocket(session, SERVER_VERSION) });
    }
  }
  return {
    driver: { Pool },
    dump: () => server.dumpDataDir('none'),
    close: async () => {
      session.close();
      await server.close();
      onClose();
    },
  };
}

async function prepareDirectory(root: string): Promise<void> {
  try {
    const created = await mkdir(root, { recursive: true, mode: 0o700 });
    if (created) await chmod(root, 0o700);
  } catch (error) {
    throw new StartupError(
      `The data directory ${root} cannot be created: ${(error as Error).message}.`,
      'Set DATA_DIR to a directory this user may write to.',
      { cause: error },
    );
  }
}

async function refuseOtherVersion(directory: string): Promise<void> {
  let version: string;
  try {
    version = (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (version === PG_MAJOR) return;
  throw new StartupError(
    `The embedded database in ${directory} was written by PostgreSQL ${version}; this version reads ${PG_MAJOR}.`,
    `Start with the Rapport version that wrote it, or set DATA_DIR to a new directory.`,
  );
}
