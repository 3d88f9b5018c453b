import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runDirectory } from './server-process.js';

const DEADLINE_MS = 120_000;

/** What the first test file that asks for `name` makes; all others of the run, in whichever process, get the same. */
export async function oncePerRun(name: string, make: () => Promise<string>): Promise<string> {
  const directory = runDirectory();
  const file = join(directory, `${name}.made`);
  const lock = join(directory, `${name}.making`);
  const deadline = Date.now() + DEADLINE_MS;
  while (!existsSync(file)) {
    if (Date.now() > deadline) throw new Error(`The shared ${name} was not there within ${DEADLINE_MS} ms.`);
    if (created(lock)) {
      try {
        if (existsSync(file)) break;
        writeFileSync(`${file}.new`, await make());
        renameSync(`${file}.new`, file);
      } finally {
        rmdirSync(lock);
      }
    } else {
      await sleep(50);
    }
  }
  return readFileSync(file, 'utf8');
}

function created(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
