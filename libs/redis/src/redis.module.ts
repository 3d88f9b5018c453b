import {
  Global,
  Inject,
  Module,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { RedisConnectionOptions } from './connections/connection-options.js';
import { RedisConnections } from './connections/redis-connections.js';

/** How {@link RedisModule} gets its options. */
export interface RedisModuleAsyncOptions<Injected extends unknown[] = unknown[]> {
  imports?: DynamicModule['imports'];
  inject?: InjectionToken[];
  useFactory: (...injected: Injected) => RedisConnectionOptions | Promise<RedisConnectionOptions>;
}

/**
 * Provides {@link RedisConnections} to the whole application, started before it is injected and closed as the last
 * thing of a shutdown.
 *
 * @example
 * RedisModule.forRootAsync({ inject: [RedisSettings], useFactory: (settings: RedisSettings) => settings.connection() })
 */
@Global()
@Module({})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(RedisConnections) private readonly connections: RedisConnections) {}

  static forRootAsync<Injected extends unknown[]>(options: RedisModuleAsyncOptions<Injected>): DynamicModule {
    return {
      module: RedisModule,
      imports: options.imports,
      providers: [
        {
          provide: RedisConnections,
          inject: options.inject,
          useFactory: async (...injected: Injected) => {
            const connections = new RedisConnections(await options.useFactory(...injected));
            await connections.start();
            return connections;
          },
        },
      ],
      exports: [RedisConnections],
    };
  }

  /** The last hook: what runs in the others may still talk to Redis. */
  onApplicationShutdown(): void {
    this.connections.close();
  }
}
