import { existsSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { StartupError } from '../../errors/startup-error.js';

interface Owner {
  pid: number;
  /** Distinguishes a process from a later one with the same pid; '' where the system does not tell. */
  started: string;
  host: string;
}

const HEARTBEAT_MS = 3_000;
/** A lock of another host (a container on the same volume) without a heartbeat for this long is abandoned. */
const SILENT_MS = 15_000;

/** Field 22 of /proc/<pid>/stat: start time in clock ticks since boot. The name before it may contain spaces. */
function startOf(pid: number): string {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return '';
  const stat = readFileSync(path, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const self = (): Owner => ({ pid: process.pid, started: startOf(process.pid), host: hostname() });

function runs({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return started === startOf(pid);
}

async function read(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Infinity;
    throw error;
  }
}

/** Creates the file unless it exists. */
async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function inUse(path: string): Promise<Owner | undefined> {
  const owner = await read(path);
  // Empty or torn: its writer is between open and write, or died there.
  if (!owner) return (await ageMs(path)) < 2_000 ? { pid: 0, started: '', host: hostname() } : undefined;
  if (owner.host === hostname()) return runs(owner) ? owner : undefined;
  return (await ageMs(path)) < SILENT_MS ? owner : undefined;
}

/**
 * Removes a lock whose owner is dead. Two processes may find it at once, and the slower one must not remove the lock
 * that the faster one has just taken: so only the creator of the takeover file may, after looking again.
 */
async function removeStale(path: string): Promise<void> {
  const takeover = `${path}.takeover`;
  if (!(await create(takeover, self()))) {
    if ((await ageMs(takeover)) > SILENT_MS) await unlink(takeover).catch(() => undefined);
    return;
  }
  try {
    if (!(await inUse(path))) await unlink(path).catch(() => undefined);
  } finally {
    await unlink(takeover);
  }
}

/** Keeps a data directory to one process: a second PGlite on the same files silently loses rows. */
export class DirectoryLock {
  private readonly heartbeat: NodeJS.Timeout;
  private readonly log = new Logger(DirectoryLock.name);

  private constructor(private readonly path: string) {
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /** @throws StartupError naming the directory, the holder and the fix when another process has it. */
  static async acquire(path: string, directory: string): Promise<DirectoryLock> {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (await create(path, self())) return new DirectoryLock(path);
      const owner = await inUse(path);
      if (owner && owner.pid !== 0) throw refusal(directory, path, owner);
      if (!owner) await removeStale(path);
      await sleep(50);
    }
    throw refusal(directory, path, await read(path));
  }

  release(): void {
    clearInterval(this.heartbeat);
    if (existsSync(this.path)) unlinkSync(this.path);
  }

  private beat(): void {
    const now = new Date();
    try {
      if (existsSync(this.path)) utimesSync(this.path, now, now);
      else writeFileSync(this.path, JSON.stringify(self()), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      this.log.warn(`The lock ${this.path} cannot be refreshed: ${(error as Error).message}`);
    }
  }
}

function refusal(directory: string, path: string, owner: Owner | undefined): StartupError {
  const holder = owner
    ? `process ${owner.pid}${owner.host === hostname() ? '' : ` on ${owner.host}`}`
    : 'another process';
  return new StartupError(
    `The embedded database in ${directory} is in use by ${holder}; it serves one process at a time (lock ${path}).`,
    'Stop that process, set DATA_DIR to another directory, or set DATABASE_URL to share a PostgreSQL server.',
  );
}
