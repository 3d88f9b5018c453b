import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPostgres, startPostgres, type PostgresServer } from './postgres-server.js';
import { startRedis } from './redis-server.js';
import { runDirectory } from './server-process.js';

const START_DEADLINE_MS = 60_000;

/**
 * The servers of a test run, one of each, started by whichever test asks first and stopped by jest's global teardown.
 * `RAPPORT_TEST_POSTGRES_URL` and `RAPPORT_TEST_REDIS_URL` name servers that run already instead.
 */
export const testServers = {
  /** Every test creates databases of its own on it. */
  async postgres(): Promise<PostgresServer> {
    return connectPostgres(await urlOf('RAPPORT_TEST_POSTGRES_URL', 'postgres', startPostgres));
  },
  /** Shared by all tests: use keys with a random prefix; to pause, kill or fill one, start your own. */
  redisUrl: (): Promise<string> => urlOf('RAPPORT_TEST_REDIS_URL', 'redis', startRedis),
};

async function urlOf(variable: string, name: string, start: () => Promise<{ url: string }>): Promise<string> {
  const running = process.env[variable];
  if (running) return running;
  const directory = runDirectory();
  const file = join(directory, `${name}.url`);
  const lock = join(directory, `${name}.starting`);
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!existsSync(file)) {
    if (Date.now() > deadline)
      throw new Error(`The shared ${name} did not start within ${START_DEADLINE_MS} ms.`);
    if (created(lock)) {
      try {
        const { url } = await start();
        writeFileSync(`${file}.new`, url);
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
