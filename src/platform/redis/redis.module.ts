import { Module } from '@nestjs/common';
import { RedisModule as RedisConnectionsModule } from '@rapport/redis';
import { RedisSettings } from './redis.settings.js';

/** The process's Redis connections, from the settings; `RedisConnections` of `@rapport/redis` is injectable anywhere. */
@Module({
  imports: [
    RedisConnectionsModule.forRootAsync({
      inject: [RedisSettings],
      useFactory: (settings: RedisSettings) => settings.connection(),
    }),
  ],
})
export class RedisModule {}
