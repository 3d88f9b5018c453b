import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryLock } from '../../../src/platform/database/pglite/directory-lock.js';

describe('DirectoryLock', () => {
  let directory: string;
  let path: string;
  const locks: DirectoryLock[] = [];
  const acquire = async (): Promise<DirectoryLock> => {
    const lock = await DirectoryLock.acquire(path, directory);
    locks.push(lock);
    return lock;
  };
  const written = (owner: object, ageMs = 0): void => {
    writeFileSync(path, JSON.stringify(owner));
    const then = new Date(Date.now() - ageMs);
    utimesSync(path, then, then);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rapport-lock-'));
    path = join(directory, 'postgres.lock');
  });
  afterEach(() => {
    for (const lock of locks.splice(0)) lock.release();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is free again after its release', async () => {
    (await acquire()).release();
    expect(existsSync(path)).toBe(false);
    await acquire();
  });

  it('refuses a directory that a live process holds, naming directory, process and fix', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
    try {
      await once(child.stdout, 'data');
      const started = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
      written({ pid: child.pid, started, host: hostname() });
      await expect(acquire()).rejects.toMatchObject({
        name: 'StartupError',
        message: expect.stringContaining(`${directory} is in use by process ${child.pid}`) as string,
        fix: expect.stringMatching(/DATA_DIR.*DATABASE_URL/) as string,
      });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await acquire();
  });

  it('takes over from a process whose pid now belongs to another one', async () => {
    written({ pid: process.pid, started: '1', host: hostname() });
    await acquire();
  });

  it('refuses a second opening inside the same process', async () => {
    await acquire();
    await expect(acquire()).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it('believes the heartbeat of another host, and nothing else', async () => {
    const elsewhere = { pid: 1, started: '1', host: 'another-container' };
    written(elsewhere);
    await expect(acquire()).rejects.toThrow('in use by process 1 on another-container');
    written(elsewhere, 16_000);
    await acquire();
  });

  it('takes over a lock whose writer died before writing', async () => {
    writeFileSync(path, '');
    const then = new Date(Date.now() - 10_000);
    utimesSync(path, then, then);
    await acquire();
  });

  it('gives an abandoned directory to exactly one of many', async () => {
    written({ pid: 999_999_999, started: '1', host: hostname() });
    const results = await Promise.allSettled(Array.from({ length: 20 }, acquire));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
