import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess, type ServerProcess } from './server-process.js';

export interface RedisServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Of the running process; another one after {@link restart}. */
  readonly pid: number;
  /** Stops answering without closing connections (SIGSTOP), as a hung server does. */
  pause(): void;
  resume(): void;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty unless it persists. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  port?: number;
  password?: string;
  /** Further arguments of redis-server, e.g. `['--maxmemory', '2mb']`. */
  args?: string[];
}

/** A Redis of the test's own, without persistence. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const host = '127.0.0.1';
  const port = options.port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'rapport-redis-'));
  const auth = options.password ? ['--requirepass', options.password] : [];
  const args = [
    '--port',
    String(port),
    '--bind',
    host,
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const start = (): Promise<ServerProcess> =>
    startProcess(
      'redis-server',
      [...args, ...auth, ...(options.args ?? [])],
      /Ready to accept connections/,
      directory,
    );
  let server = await start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server.signal('SIGCONT');
    await server.end(signal);
  };
  return {
    url: `redis://${options.password ? `:${options.password}@` : ''}${host}:${port}`,
    host,
    port,
    get pid() {
      return server.pid;
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      server = await start();
    },
    stop: async () => {
      await end('SIGTERM');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
