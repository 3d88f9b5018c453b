import { Module, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CacheStatusInterceptor } from '@rapport/cache';
import { ConfigModule } from './config/config.module.js';
import type { LoadedSettings } from './config/load-settings.js';
import { ConnectorsModule } from './connectors/connectors.module.js';
import { ConsoleModule } from './console/console.module.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpPlatformModule } from './platform/http/http-platform.module.js';
import { JobsModule } from './platform/jobs/jobs.module.js';
import { PlatformModule } from './platform/platform.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CharactersModule } from './characters/characters.module.js';
import { OpenAiModule } from './openai/openai.module.js';
import { RealtimeModule } from './realtime/realtime.module.js';
import { UsageModule } from './usage/usage.module.js';
import { UsersModule } from './users/users.module.js';

/** What every process of the service has, whether it answers requests or runs jobs. */
const features = (settings: LoadedSettings) => [
  ConfigModule.forRoot(settings),
  PlatformModule,
  HttpPlatformModule,
  JobsModule,
  UsersModule,
  AuthModule,
  CharactersModule,
  UsageModule,
  ConnectorsModule,
  ConversationsModule,
];

/** The API: HTTP, sockets and probes, and the console that is its first client. */
@Module({})
export class AppModule {
  static forRoot(settings: LoadedSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [...features(settings), RealtimeModule, OpenAiModule, HealthModule, ConsoleModule],
      providers: [{ provide: APP_INTERCEPTOR, useExisting: CacheStatusInterceptor }],
    };
  }
}

/** The worker: the same features without their doors; it does the periodic and recovered work. */
@Module({})
export class WorkerModule {
  static forRoot(settings: LoadedSettings): DynamicModule {
    return { module: WorkerModule, imports: features(settings) };
  }
}
