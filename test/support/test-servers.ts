import { oncePerRun } from './once-per-run.js';
import { connectPostgres, startPostgres, type PostgresServer } from './postgres-server.js';
import { startRedis } from './redis-server.js';

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

const urlOf = (variable: string, name: string, start: () => Promise<{ url: string }>): Promise<string> => {
  const running = process.env[variable];
  return running ? Promise.resolve(running) : oncePerRun(name, async () => (await start()).url);
};
