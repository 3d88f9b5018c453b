import { Module, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CacheStatusInterceptor } from '@rapport/cache';
import { ConfigModule } from './config/config.module.js';
import type { LoadedSettings } from './config/load-settings.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpPlatformModule } from './platform/http/http-platform.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CharactersModule } from './characters/characters.module.js';
import { RealtimeModule } from './realtime/realtime.module.js';
import { UsageModule } from './usage/usage.module.js';
import { UsersModule } from './users/users.module.js';

/** The service: what every process needs, the features, and the doors to them. */
@Module({})
export class AppModule {
  static forRoot(settings: LoadedSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(settings),
        PlatformModule,
        HttpPlatformModule,
        UsersModule,
        AuthModule,
        CharactersModule,
        UsageModule,
        ConversationsModule,
        RealtimeModule,
        HealthModule,
      ],
      providers: [{ provide: APP_INTERCEPTOR, useExisting: CacheStatusInterceptor }],
    };
  }
}
