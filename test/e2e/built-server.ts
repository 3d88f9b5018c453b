import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/server-process.js';

const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 15_000;

export interface BuiltServer {
  readonly url: string;
  /** Asks it to stop as an orchestrator does, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts `dist/src/main.js`, the very program that is deployed, with its own data directory and nothing inherited. */
export async function startBuiltServer(settings: Record<string, string> = {}): Promise<BuiltServer> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-e2e-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [resolve('dist/src/main.js')], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: join(directory, 'data'),
      ...settings,
    },
  });
  const printed: Buffer[] = [];
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => printed.push(chunk));
  const exited = once(child, 'exit');

  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(kill);
    rmSync(directory, { recursive: true, force: true });
    return child.exitCode;
  };

  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (ready?.ok) return { url, stop };
    await delay(50);
  }
  await stop();
  throw new Error(
    `The built server was not ready within ${START_DEADLINE_MS} ms:\n${Buffer.concat(printed).toString()}`,
  );
}
