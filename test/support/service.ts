import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { oncePerRun } from './once-per-run.js';
import { freePort, pidFile, register, runDirectory } from './server-process.js';
import { TOKEN_SECRET } from './tokens.js';

export interface Service {
  readonly url: string;
  stop(): Promise<unknown>;
}

export interface BuiltService extends Service {
  readonly pid: number;
  readonly dataDir: string;
  /** From the start of the process until `/readyz` said yes. */
  readonly readyMs: number;
  /** Whatever it has printed. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to stop as an orchestrator does and gives the exit code; its directory goes unless it was the caller's. */
  stop(): Promise<number | null>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
}

export type Settings = Record<string, string>;

export interface BuiltOptions {
  /** A directory of the caller's, which stays. @default a database that an earlier start has made */
  dataDir?: string;
  port?: number;
  /** @default dist/src/main.js */
  program?: string;
  /** It goes on when the process that started it ends, until the end of the run. Then nobody reads what it prints. */
  isOfTheRun?: boolean;
}

/** For the hooks that start one: seconds on an idle machine, a minute on one that runs much else. */
export const START_MS = 180_000;

const run = promisify(execFile);

const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 30_000;

/** What makes tests quick and leaves the behaviour as it is. */
const QUICK: Settings = {
  LOG_LEVEL: 'warn',
  HOST: '127.0.0.1',
  AI_OFFLINE_DELAY: '1ms',
  AUTH_ARGON2_MEMORY_KIB: '64',
  AUTH_ARGON2_PASSES: '1',
  SOCKET_DRAIN_SPREAD: '200ms',
  // Tests send faster than people do.
  BURST_LIMIT: '100000',
  // Nobody is sent away because the machine stands still.
  DATABASE_CONNECT_TIMEOUT: '30s',
};

/** The service on an embedded database of its own, without Redis: what `npm start` gives. */
export const startEmbedded = (settings: Settings = {}): Promise<BuiltService> => startBuilt(settings);

/**
 * One for all tests of the run that need no settings and no database of their own: each brings its own users.
 * @returns its URL
 */
export const sharedService = (): Promise<string> =>
  oncePerRun('service', async () => {
    const settings = { AUTH_SECRET: TOKEN_SECRET, USAGE_FREE_TEXT_PER_DAY: '100000' };
    return (await startBuilt(settings, { isOfTheRun: true })).url;
  });

/** Starts `dist/src/main.js`, the very program that is deployed, and waits until it is ready. */
export async function startBuilt(settings: Settings = {}, options: BuiltOptions = {}): Promise<BuiltService> {
  const started = performance.now();
  const { child, url, directory, dataDir, output, exited } = await launch(settings, options);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    clean(child, directory);
  };
  while (performance.now() - started < START_DEADLINE_MS && isRunning(child)) {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (ready?.ok) {
      if (options.isOfTheRun) child.unref();
      return {
        url,
        pid: child.pid as number,
        dataDir,
        readyMs: Math.round(performance.now() - started),
        output,
        signal: (signal) => void child.kill(signal),
        stop: () => end(child, exited, directory),
        kill,
      };
    }
    await delay(25);
  }
  await kill();
  throw new Error(`The built service was not ready within ${START_DEADLINE_MS} ms:\n${output()}`);
}

/** Starts `dist/apps/worker/src/main.js` and waits until it says that it is ready. */
export async function startWorker(settings: Settings): Promise<Omit<BuiltService, 'url' | 'readyMs'>> {
  // What it says of itself is all there is to know it by: it listens nowhere.
  const { child, directory, dataDir, output, exited } = await launch(
    { ...settings, LOG_LEVEL: 'info' },
    { program: 'dist/apps/worker/src/main.js' },
  );
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', () => {
        if (/worker \S+ is ready/.test(output())) resolve();
      });
  });
  const failed = exited.then(() => Promise.reject(new Error(`The worker did not start:\n${output()}`)));
  const late = delay(START_DEADLINE_MS, undefined, { ref: false }).then(() =>
    Promise.reject(new Error(`The worker was not ready within ${START_DEADLINE_MS} ms:\n${output()}`)),
  );
  // Whichever of them comes later is of no interest.
  for (const promise of [failed, late]) promise.catch(() => undefined);
  await Promise.race([ready, failed, late]);
  return {
    pid: child.pid as number,
    dataDir,
    output,
    signal: (signal) => void child.kill(signal),
    stop: () => end(child, exited, directory),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
      clean(child, directory);
    },
  };
}

/** Runs a start that is expected to be refused, to its end. */
export async function runBuilt(
  settings: Settings,
  options: BuiltOptions = {},
): Promise<{ code: number | null; output: string }> {
  const { child, directory, output, exited } = await launch(settings, options, { isToWork: false });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
  clean(child, directory);
  return { code: child.exitCode, output: output() };
}

interface Launched {
  child: ChildProcess;
  url: string;
  directory: string;
  dataDir: string;
  output: () => string;
  exited: Promise<unknown>;
}

/** A database as the first start makes it, for making it takes twice the processor time of all else in a start. */
export async function copyMadeDatabase(to: string): Promise<void> {
  const made = await oncePerRun('database', async () => {
    const dataDir = mkdtempSync(join(runDirectory(), 'data-'));
    const first = await startBuilt({}, { dataDir });
    await first.stop();
    // Every start fills them with zeros before it does anything else.
    const configuration = join(dataDir, 'postgres/postgresql.conf');
    const settings = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, settings.replace(/^shared_buffers = .*/m, 'shared_buffers = 8MB'));
    return dataDir;
  });
  // A thousand small files: four times as fast as by Node.
  await run('cp', ['-R', made, to]);
}

async function launch(
  settings: Settings,
  options: BuiltOptions,
  { isToWork = true } = {},
): Promise<Launched> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-e2e-'));
  const dataDir = options.dataDir ?? join(directory, 'data');
  if (isToWork && options.dataDir === undefined && settings['DATABASE_URL'] === undefined) {
    await copyMadeDatabase(dataDir);
  }
  const port = options.port ?? (await freePort());
  const child = spawn(process.execPath, [resolve(options.program ?? 'dist/src/main.js')], {
    cwd: directory,
    stdio: options.isOfTheRun ? 'ignore' : ['ignore', 'pipe', 'pipe'],
    detached: options.isOfTheRun ?? false,
    env: { PATH: process.env.PATH, ...QUICK, PORT: String(port), DATA_DIR: dataDir, ...settings },
  });
  register(child, directory);
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => printed.push(chunk));
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    directory,
    dataDir,
    output: () => Buffer.concat(printed).toString(),
    exited: once(child, 'close'),
  };
}

async function end(child: ChildProcess, exited: Promise<unknown>, directory: string): Promise<number | null> {
  if (isRunning(child)) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
  clean(child, directory);
  return child.exitCode;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

function clean(child: ChildProcess, directory: string): void {
  rmSync(pidFile(child.pid as number), { force: true });
  rmSync(directory, { recursive: true, force: true });
}
