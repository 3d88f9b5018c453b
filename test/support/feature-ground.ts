import type { DynamicModule, Provider } from '@nestjs/common';
import { CacheModule } from '@rapport/cache';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../src/config/runtime.settings.js';
import { Database } from '../../src/platform/database/database.js';
import { RedisSettings } from '../../src/platform/redis/redis.settings.js';

/** The cache of one process, with the transactions of its database. */
export const cacheOver = (
  database: Database,
  { commands, subscriber }: Partial<Pick<RedisConnections, 'commands' | 'subscriber'>>,
  environment: string,
): DynamicModule =>
  CacheModule.forRoot({
    prefix: 'rapport',
    env: environment,
    redis: commands && subscriber ? { commands, subscriber } : undefined,
    // A busy machine must not turn hits into reads of the source: freshness is proved on what is cached.
    deadlineMs: 5_000,
    transaction: {
      isActive: () => database.inTransaction,
      afterCommit: (hook) => database.afterCommit(hook),
      afterRollback: (hook) => database.afterRollback(hook),
    },
  });

/** What every feature stands on, for a testing module that has no more of the service than that feature. */
export const groundOf = (
  database: Database,
  connections: RedisConnections,
  environment: string,
): { cache: DynamicModule; providers: Provider[] } => ({
  cache: cacheOver(database, connections, environment),
  providers: [
    { provide: Database, useValue: database },
    { provide: RedisConnections, useValue: connections },
    { provide: RedisSettings, useValue: new RedisSettings() },
    { provide: RuntimeSettings, useValue: Object.assign(new RuntimeSettings(), { environment }) },
  ],
});
