import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../platform/errors/startup-error.js';

type Secrets = Record<string, string>;

const LOCK_WAIT_MS = 20;
const LOCK_ATTEMPTS = 250;
const LOCK_STALE_MS = 4_000;

/**
 * Secrets that nobody set, generated once and kept in `secrets.json` of the data directory (mode 0600), so that tokens
 * and cursors stay valid across restarts of a development server. Two processes that start at once agree on them.
 */
export function generatedSecrets(directory: string, names: readonly string[]): Secrets {
  const file = join(directory, 'secrets.json');
  try {
    const kept = read(file);
    if (names.every((name) => kept[name])) return kept;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return underLock(join(directory, 'secrets.lock'), () => {
      const secrets = read(file);
      for (const name of names) secrets[name] ||= randomBytes(32).toString('base64');
      writeFileSync(`${file}.tmp`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
      chmodSync(`${file}.tmp`, 0o600);
      renameSync(`${file}.tmp`, file);
      return secrets;
    });
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw new StartupError(
      `Secrets cannot be stored in ${file}.`,
      `Make the directory writable, choose another DATA_DIR, or set ${names.join(', ')}.`,
      { cause },
    );
  }
}

function read(file: string): Secrets {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Secrets;
  } catch (cause) {
    throw new StartupError(`${file} is not valid JSON.`, 'Repair it, or remove it to sign everybody out.', {
      cause,
    });
  }
}

/** A directory is the lock because creating one is atomic everywhere; start-up may block for a moment. */
function underLock<T>(lock: string, work: () => T): T {
  for (let attempt = 0; !tryLock(lock); attempt++) {
    if (attempt === LOCK_ATTEMPTS)
      throw new StartupError(`${lock} is held.`, `Remove ${lock} and start again.`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
  }
  try {
    return work();
  } finally {
    rmdirSync(lock);
  }
}

function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // Left by a process that died between the two calls.
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > LOCK_STALE_MS) rmdirSync(lock);
  return false;
}
