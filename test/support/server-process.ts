import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_DEADLINE_MS = 60_000;
const KEPT_LINES = 500;

/** Where the servers of this run are listed, so that the global teardown finds whatever a test left running. */
export function runDirectory(): string {
  const directory = process.env.RAPPORT_TEST_RUN_DIR;
  if (directory) return directory;
  throw new Error(
    'Test servers are only started in the jest projects "integration", "e2e" and "chaos", whose global setup cleans up after them.',
  );
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface ServerProcess {
  readonly pid: number;
  /** What it has printed, the last 500 lines. */
  readonly lines: readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal and waits for the end of the process. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a server and waits until it prints `readyLine`; `directory` is its own and goes with it. */
export async function startProcess(
  command: string,
  args: string[],
  readyLine: RegExp,
  directory: string,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  // The first server of a run outlives the test file that asked for it: nothing here may hold the worker open.
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new Error(`${command} ${reason}:\n${lines.slice(-20).join('\n')}`));
    const timer = setTimeout(() => fail(`was not ready within ${START_DEADLINE_MS} ms`), START_DEADLINE_MS);
    child.once('error', (error) => fail(`did not start (${error.message})`));
    child.once('exit', (code) => fail(`ended with ${code}`));
    for (const output of [child.stdout, child.stderr]) {
      if (!output) continue;
      createInterface({ input: output }).on('line', (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (!readyLine.test(line)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
  register(child, directory);
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  release(child);
  return serverProcess(child, lines, exited);
}

function serverProcess(child: ChildProcess, lines: string[], exited: Promise<unknown[]>): ServerProcess {
  const pid = child.pid as number;
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    lines,
    signal: (signal) => void child.kill(signal),
    end: async (signal) => {
      if (!running()) return;
      child.ref();
      child.kill(signal);
      await exited;
      rmSync(pidFile(pid), { force: true });
    },
  };
}

export const pidFile = (pid: number): string => join(runDirectory(), `${pid}.pid`);

/** Lists a process, with the directory that goes with it, for the guard that cleans up after a killed run. */
export function register({ pid }: ChildProcess, directory: string): void {
  if (pid) writeFileSync(pidFile(pid), JSON.stringify({ pid, directory }));
}

function release(child: ChildProcess): void {
  child.unref();
  for (const output of [child.stdout, child.stderr])
    (output as unknown as { unref?: () => void } | null)?.unref?.();
}
