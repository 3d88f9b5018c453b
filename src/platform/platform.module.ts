import { Module } from '@nestjs/common';
import { CacheModule } from '@rapport/cache';
import { RedisConnections } from '@rapport/redis';
import { CacheOutboxModule, CacheOutboxRows } from './cache/cache-outbox.js';
import { CacheRelay } from './cache/cache-relay.js';
import { CacheSettings } from './cache/cache.settings.js';
import { ClockModule } from './clock/clock.module.js';
import { DegradedModule } from './degraded/degraded.module.js';
import { DatabaseModule } from './database/database.module.js';
import { Database } from './database/database.js';
import { EventsModule } from './events/events.module.js';
import { PeriodicModule } from './jobs/periodic.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PaginationModule } from './pagination/pagination.module.js';
import { PresenceModule } from './presence/presence.module.js';
import { RedisModule } from './redis/redis.module.js';
import { RedisSettings } from './redis/redis.settings.js';
import { RuntimeSettings } from '../config/runtime.settings.js';

/** What every process of the service stands on, with or without HTTP. */
@Module({
  imports: [
    ClockModule,
    MetricsModule,
    RedisModule,
    DatabaseModule,
    EventsModule,
    DegradedModule,
    PeriodicModule,
    PaginationModule,
    PresenceModule,
    CacheOutboxModule,
    CacheModule.forRootAsync({
      imports: [CacheOutboxModule],
      inject: [CacheSettings, RedisSettings, RuntimeSettings, RedisConnections, Database, CacheOutboxRows],
      useFactory: (
        cache: CacheSettings,
        redis: RedisSettings,
        { environment }: RuntimeSettings,
        connections: RedisConnections,
        database: Database,
        outbox: CacheOutboxRows,
      ) => ({
        ...cache.options(),
        prefix: redis.keyPrefix,
        env: environment,
        redis:
          connections.commands && connections.subscriber
            ? { commands: connections.commands, subscriber: connections.subscriber }
            : undefined,
        transaction: {
          isActive: () => database.inTransaction,
          afterCommit: (hook) => database.afterCommit(hook),
          afterRollback: (hook) => database.afterRollback(hook),
          outbox,
        },
      }),
    }),
  ],
  providers: [CacheRelay],
})
export class PlatformModule {}
