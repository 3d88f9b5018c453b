import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CacheEngine } from './cache-engine.js';
import { CACHE_OPTIONS, type CacheModuleOptions } from './cache.options.js';
import { CacheService } from './cache.service.js';
import { CacheExplorer } from './declare/cache-explorer.js';
import { CACHE_ENGINE } from './declare/engine-binding.js';
import { CacheStatusInterceptor } from './http/cache-status.interceptor.js';
import { ResponsePlans } from './http/response-plans.js';
import { createCacheManager } from './manager/cache-manager.js';

/** Options of `CacheModule` from a factory with injected dependencies. */
export interface CacheModuleAsyncOptions {
  imports?: ModuleMetadata['imports'];
  inject?: FactoryProvider['inject'];
  useFactory: (...dependencies: never[]) => CacheModuleOptions | Promise<CacheModuleOptions>;
}

/**
 * The declarative cache of an application; import it once, at the root. Also provides `CACHE_MANAGER` of
 * `@nestjs/cache-manager`, over the same Redis connection.
 *
 * @example
 * CacheModule.forRoot({ prefix: 'shop', env: 'production', redis: new Redis(url) })
 */
@Module({})
export class CacheModule {
  static forRoot(options: CacheModuleOptions = {}): DynamicModule {
    return dynamicModule({ provide: CACHE_OPTIONS, useFactory: () => options });
  }

  static forRootAsync(options: CacheModuleAsyncOptions): DynamicModule {
    const { imports, inject = [], useFactory } = options;
    return { ...dynamicModule({ provide: CACHE_OPTIONS, inject, useFactory }, imports) };
  }
}

function dynamicModule(options: FactoryProvider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: CacheModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [
      options,
      {
        provide: CACHE_ENGINE,
        inject: [CACHE_OPTIONS],
        useFactory: (resolved: CacheModuleOptions) => new CacheEngine(resolved),
      },
      {
        provide: CACHE_MANAGER,
        inject: [CACHE_OPTIONS],
        useFactory: createCacheManager,
      },
      CacheService,
      CacheExplorer,
      CacheStatusInterceptor,
      ResponsePlans,
    ],
    exports: [CACHE_ENGINE, CACHE_MANAGER, CacheService, CacheStatusInterceptor, ResponsePlans],
  };
}
