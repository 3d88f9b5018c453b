import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions, type EntitySchema } from 'typeorm';
import { CleanPool } from './clean-pool.js';
import type { DatabaseMode } from './database.js';
import type { DatabaseSettings } from './database.settings.js';
import { explainConnectionFailure, refuseOldServer } from './database.startup.js';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { openEmbeddedDatabase, type EmbeddedDatabase } from './pglite/embedded-database.js';
import { pinSession } from './pinned-session.js';
import { QueryCountLogger } from './query-count.logger.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- what TypeORM calls an entity class
export type EntityClass = Function | EntitySchema;

/** A migrated database, ready for queries, and how to leave it. */
export interface OpenDatabase {
  readonly dataSource: DataSource;
  readonly mode: DatabaseMode;
  close(): Promise<void>;
}

/** Statements of one embedded database run one after the other; more connections would only queue elsewhere. */
const EMBEDDED_POOL_SIZE = 50;
const CLOSE_DEADLINE_MS = 3_000;

const shared = (entities: readonly EntityClass[]) =>
  ({
    type: 'postgres',
    entities: [...entities],
    migrations: MIGRATIONS,
    migrationsTableName: 'schema_migrations',
    namingStrategy: new SnakeNamingStrategy(),
    logger: new QueryCountLogger(),
    maxQueryExecutionTime: 1_000,
    installExtensions: false,
    applicationName: 'rapport',
  }) as const satisfies DataSourceOptions;

/** @throws StartupError when the database cannot be used, with the fix. */
export async function openDatabase(
  settings: DatabaseSettings,
  entities: readonly EntityClass[],
): Promise<OpenDatabase> {
  if (settings.url) return openPostgres(settings, settings.url, entities);
  return openEmbedded(await openEmbeddedDatabase(settings.dataDir), entities);
}

/** Builds on a database that is already open in this process; closing closes it too. */
export async function openEmbedded(
  embedded: EmbeddedDatabase,
  entities: readonly EntityClass[],
): Promise<OpenDatabase> {
  const dataSource = new DataSource({
    ...shared(entities),
    driver: embedded.driver,
    poolSize: EMBEDDED_POOL_SIZE,
    connectTimeoutMS: 15_000,
  });
  const close = async (): Promise<void> => {
    await destroy(dataSource);
    await embedded.close();
  };
  try {
    await dataSource.initialize();
    await migrate(dataSource);
  } catch (error) {
    await close();
    throw error;
  }
  return { dataSource, mode: 'embedded', close };
}

async function openPostgres(
  settings: DatabaseSettings,
  url: string,
  entities: readonly EntityClass[],
): Promise<OpenDatabase> {
  const connect = (poolSize: number, timeouts: object): DataSource =>
    new DataSource({
      ...shared(entities),
      driver: { Pool: CleanPool },
      url: pinSession(url),
      poolSize,
      connectTimeoutMS: settings.connectTimeoutMs,
      extra: { keepAlive: true, ...timeouts },
    });
  const dataSource = connect(settings.poolSize, {
    statement_timeout: settings.statementTimeoutMs,
    idle_in_transaction_session_timeout: 60_000,
    // The server cancels first; this one answers when the server or the network is silent.
    query_timeout: settings.statementTimeoutMs + 5_000,
  });
  const close = (): Promise<void> => destroy(dataSource);
  try {
    await dataSource.initialize();
  } catch (error) {
    throw explainConnectionFailure(error, url);
  }
  try {
    refuseOldServer(dataSource.driver.version ?? '');
    // A migration may rewrite a table, which takes longer than any request may.
    await migrate(dataSource, () => connect(1, {}));
  } catch (error) {
    await close();
    throw error;
  }
  return { dataSource, mode: 'postgres', close };
}

/** Ends the pool, which waits for connections in use, but not for ever: a shutdown must end. */
async function destroy(dataSource: DataSource): Promise<void> {
  if (!dataSource.isInitialized) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      new Logger('Database').warn(
        `Connections are still in use after ${CLOSE_DEADLINE_MS} ms; leaving them.`,
      );
      resolve();
    }, CLOSE_DEADLINE_MS);
  });
  try {
    await Promise.race([dataSource.destroy(), late]);
  } finally {
    clearTimeout(timer);
  }
}
