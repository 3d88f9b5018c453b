import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { freePort, startProcess } from './server-process.js';

export interface PostgresDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export interface PostgresServer {
  readonly url: string;
  /** @param template what it is a copy of; nobody may be connected to that one @default an empty one */
  createDatabase(template?: string): Promise<PostgresDatabase>;
}

export interface OwnPostgresServer extends PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** Statements since the start, oldest first; only with `logStatements`. */
  statements(): string[];
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  logStatements?: boolean;
  /** Superuser password; without one everybody on this machine is trusted. */
  password?: string;
  /** Further settings, e.g. `{ max_connections: '20' }`. */
  settings?: Record<string, string>;
}

const USER = 'rapport';
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** A PostgreSQL server of the test's own, as fast as it goes without durability. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<OwnPostgresServer> {
  const bin = binaries();
  const identity = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'rapport-postgres-'));
  const data = join(root, 'data');
  if (identity) chownSync(root, identity.uid, identity.gid);
  const run = { cwd: root, ...identity };
  const auth = options.password ? ['-A', 'scram-sha-256', '--pwfile=password'] : ['-A', 'trust'];
  if (options.password) writeFileSync(join(root, 'password'), options.password);
  const cluster = ['-D', data, '-U', USER, ...auth, '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), cluster, { ...run, stdio: 'pipe', timeout: 60_000 });
  const host = '127.0.0.1';
  const port = await freePort();
  const settings: Record<string, string> = {
    ...FAST,
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: root,
    ...(options.logStatements ? { log_statement: 'all' } : {}),
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = await startProcess(
    join(bin, 'postgres'),
    ['-D', data, ...args],
    /ready to accept connections/,
    root,
    run,
  );
  const url = `postgres://${USER}${options.password ? `:${options.password}` : ''}@${host}:${port}/postgres`;
  return {
    ...connectPostgres(url),
    host,
    port,
    pid: server.pid,
    statements: () =>
      server.lines.flatMap((line) => /(?:statement|execute [^:]*): (.*)$/.exec(line)?.[1] ?? []),
    stop: async () => {
      await server.end('SIGQUIT');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A server that runs already. */
export function connectPostgres(url: string): PostgresServer {
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      query_timeout: 30_000,
    });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    createDatabase: async (template = 'template1') => {
      const name = `test_${randomBytes(8).toString('hex')}`;
      await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      const database = new URL(url);
      database.pathname = `/${name}`;
      return { url: database.href, drop: () => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
    },
  };
}

/** Directory of initdb and postgres: on the PATH, or where Debian keeps them (newest version first). */
function binaries(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const found = candidates.find((directory) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(directory, name))),
  );
  if (found) return found;
  throw new Error(
    'No PostgreSQL server on this machine; run `npm test`, which installs one, or install "postgresql".',
  );
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, user], { stdio: 'pipe' }).toString());
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody".',
  );
}
