import { Logger } from '@nestjs/common';
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { StartupError } from '../errors/startup-error.js';
import { newerSchema } from './database.startup.js';

/** Names the migration lock among the server's advisory locks; any number that nobody else takes. */
export const MIGRATION_LOCK = '7207431990001';
const LOCK_TIMEOUT_MS = 120_000;

/**
 * Brings the schema up to this version. Many instances may start at once: one migrates, the others wait for it. An
 * up-to-date database costs one query and no lock.
 *
 * @param patient makes another connection to the same database, one whose statements may take their time
 */
export async function migrate(dataSource: DataSource, patient?: () => DataSource): Promise<void> {
  if (await isCurrent(dataSource)) return;
  if (!patient) return migrateOver(dataSource);
  const own = await patient().initialize();
  try {
    await migrateOver(own);
  } finally {
    await own.destroy();
  }
}

async function migrateOver(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await underLock(runner, async () => {
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      const done = await executor.executePendingMigrations();
      if (done.length) new Logger('Migrations').log(`Applied ${done.map(({ name }) => name).join(', ')}.`);
    });
  } finally {
    await runner.release();
  }
}

async function isCurrent(dataSource: DataSource): Promise<boolean> {
  const known = dataSource.migrations.map(({ name }) => name ?? '');
  const [table] = await dataSource.query<{ oid: string | null }[]>(
    `SELECT to_regclass('schema_migrations') AS oid`,
  );
  if (!table?.oid) return false;
  const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM schema_migrations');
  const applied = rows.map(({ name }) => name);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length) throw newerSchema(unknown);
  return known.every((name) => applied.includes(name));
}

async function underLock(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  // A migration may rewrite a table, and a waiter waits for all of it: neither obeys the statement timeout of requests.
  await runner.query(`SET statement_timeout = 0`);
  await runner.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    await runner.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
  } catch (error) {
    throw new StartupError(
      `Another instance has been migrating the database for more than ${LOCK_TIMEOUT_MS / 1000} s.`,
      'Wait for it to finish, or end its connection, then start again.',
      { cause: error },
    );
  }
  try {
    await work();
  } finally {
    await runner.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
    await runner.query(`RESET lock_timeout`);
    await runner.query(`RESET statement_timeout`);
  }
}
