// The service as `npm run build` leaves it, on a database and in a part of Redis of its own.
import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serveParent } from '../child-process.js';
import type { ReadsSetup } from '../platform-reads/instance.js';

interface Bootstrap {
  createApp(environment: Record<string, string>): Promise<unknown>;
  serve(app: unknown): Promise<string>;
}

serveParent({
  start: async ({ redisUrl, databaseUrl, secret, name, cacheTtls, settings }: ReadsSetup) => {
    const { href } = pathToFileURL(resolve('dist/src/bootstrap.js'));
    const service = (await import(href)) as Bootstrap;
    const app = await service.createApp({
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
      AUTH_SECRET: secret,
      AUTH_ACCESS_TTL: '1h',
      AUTH_ARGON2_MEMORY_KIB: '64',
      AUTH_ARGON2_PASSES: '1',
      PAGINATION_SECRET: secret,
      BURST_LIMIT: '0',
      USAGE_FREE_TEXT_PER_DAY: '100000',
      USERNAME_LOOKUPS_PER_MINUTE: '1000000',
      ...(redisUrl === '' ? {} : { REDIS_URL: redisUrl, REDIS_KEY_PREFIX: name }),
      ...(cacheTtls === '' ? {} : { CACHE_TTLS: cacheTtls }),
      ...settings,
    });
    return service.serve(app);
  },
  /** Nanoseconds of processor time, all threads. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1_000;
  },
});
