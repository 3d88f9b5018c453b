import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { DatabaseHealth } from './database.health.js';
import { Database } from './database.js';
import { DatabaseSettings } from './database.settings.js';
import { openDatabase, type EntityClass, type OpenDatabase } from './open-database.js';

/** The opened database, for whoever must close it. */
export const OPEN_DATABASE = Symbol('OPEN_DATABASE');

class FeatureEntities {
  constructor(readonly entities: readonly EntityClass[]) {}
}

/** Carries one feature's entities; every forFeature() call makes its own instance. */
@Module({})
class FeatureEntitiesModule {}

/** Every module has been scanned before the first provider is built, so the order of registration does not matter. */
function entitiesOf(modules: ModulesContainer): EntityClass[] {
  const providers = [...modules.values()].flatMap((module) => [...module.providers.values()]);
  const lists = providers.map(({ instance }) => instance as object | undefined);
  return [...new Set(lists.flatMap((list) => (list instanceof FeatureEntities ? list.entities : [])))];
}

@Global()
@Module({
  providers: [
    {
      provide: OPEN_DATABASE,
      inject: [DatabaseSettings, ModulesContainer],
      useFactory: (settings: DatabaseSettings, modules: ModulesContainer) =>
        openDatabase(settings, entitiesOf(modules)),
    },
    { provide: DataSource, inject: [OPEN_DATABASE], useFactory: (open: OpenDatabase) => open.dataSource },
    {
      provide: Database,
      inject: [OPEN_DATABASE],
      useFactory: (open: OpenDatabase) => new Database(open.dataSource, open.mode),
    },
    DatabaseHealth,
  ],
  exports: [Database, DatabaseHealth],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(OPEN_DATABASE) private readonly open: OpenDatabase) {}

  /** Adds a feature's entities to the one data source: `imports: [DatabaseModule.forFeature([UserEntity])]`. */
  static forFeature(entities: readonly EntityClass[]): DynamicModule {
    return {
      module: FeatureEntitiesModule,
      providers: [{ provide: FeatureEntities, useValue: new FeatureEntities(entities) }],
    };
  }

  /** The last hook of a shutdown: requests, jobs and sockets have ended by then and may still have written. */
  onApplicationShutdown(): Promise<void> {
    return this.open.close();
  }
}
