import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { isSerializationConflict } from './database.failures.js';

export type DatabaseMode = 'embedded' | 'postgres';
export type AfterCommitHook = () => void | Promise<void>;

interface Transaction {
  readonly manager: EntityManager;
  readonly hooks: AfterCommitHook[];
  readonly rollbackHooks: AfterCommitHook[];
  ended: boolean;
  committed: boolean;
}

const MAX_ATTEMPTS = 4;

/**
 * The one door to the database. Repositories ask for {@link manager} on every call, so the same code runs inside and
 * outside a transaction; services open transactions with {@link transaction}.
 */
@Injectable()
export class Database {
  private readonly running = new AsyncLocalStorage<Transaction | undefined>();
  private readonly beforeCommits: (() => Promise<void>)[] = [];
  private readonly log = new Logger(Database.name);

  constructor(
    private readonly dataSource: DataSource,
    readonly mode: DatabaseMode,
  ) {}

  /**
   * The EntityManager of the running transaction, else the data source's.
   * @throws when asked by work that was left behind by a transaction which has ended: it would silently write outside.
   */
  get manager(): EntityManager {
    const transaction = this.running.getStore();
    if (!transaction) return this.dataSource.manager;
    if (transaction.ended) {
      throw new Error(
        'A query was made after its transaction had ended. Await it inside database.transaction(), or start it from ' +
          'database.afterCommit().',
      );
    }
    return transaction.manager;
  }

  get inTransaction(): boolean {
    const transaction = this.running.getStore();
    return transaction !== undefined && !transaction.ended;
  }

  /**
   * Runs `work` in a transaction; inside another one it joins that one, so only the outermost commits or rolls back.
   * The outermost is run again, up to 3 times, when the database reports a serialization failure or a deadlock:
   * `work` must therefore have no effect beyond the database except through {@link afterCommit}.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.inTransaction) return work();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !isSerializationConflict(error)) throw error;
        await sleep(Math.random() * 10 * 2 ** attempt);
      }
    }
  }

  /**
   * Runs `hook` after the outermost commit, in the order of registration, awaited by {@link transaction}; at once
   * outside a transaction. Dropped on rollback. What a hook throws after a commit is logged: the work is done, and
   * failing the call would make the caller repeat it.
   */
  afterCommit(hook: AfterCommitHook): void | Promise<void> {
    const transaction = this.running.getStore();
    if (!transaction || transaction.ended) return hook();
    transaction.hooks.push(hook);
  }

  /** Runs `hook` after the outermost transaction rolled back; never outside one. What it throws is logged. */
  afterRollback(hook: AfterCommitHook): void {
    const transaction = this.running.getStore();
    if (transaction && !transaction.ended) transaction.rollbackHooks.push(hook);
  }

  /** Runs `hook` inside every outermost transaction, just before it commits; what it throws rolls back. */
  beforeCommit(hook: () => Promise<void>): void {
    this.beforeCommits.push(hook);
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    const transaction: Transaction = {
      manager: runner.manager,
      hooks: [],
      rollbackHooks: [],
      ended: false,
      committed: false,
    };
    let result: T;
    try {
      await runner.startTransaction();
      result = await this.running.run(transaction, async () => {
        const value = await work();
        for (const hook of this.beforeCommits) await hook();
        return value;
      });
      transaction.ended = true;
      await refuseAborted(runner);
      await runner.commitTransaction();
      transaction.committed = true;
    } catch (error) {
      transaction.ended = true;
      await this.rollback(runner);
      throw error;
    } finally {
      await runner.release();
      if (!transaction.committed)
        await this.running.run(undefined, () => this.runHooks(transaction.rollbackHooks));
    }
    // Outside the store and after the release: hooks may query, and an embedded database has one connection.
    await this.running.run(undefined, () => this.runHooks(transaction.hooks));
    return result;
  }

  private async rollback(runner: QueryRunner): Promise<void> {
    if (!runner.isTransactionActive || runner.isReleased) return;
    try {
      await runner.rollbackTransaction();
    } catch (error) {
      // The connection is gone, and the transaction with it; the first error tells the story.
      this.log.debug(`Rollback failed: ${String(error)}`);
    }
  }

  private async runHooks(hooks: AfterCommitHook[]): Promise<void> {
    for (const hook of hooks) {
      try {
        await hook();
      } catch (error) {
        this.log.error('A hook failed after its transaction had ended.', error);
      }
    }
  }
}

/**
 * PostgreSQL answers COMMIT of an aborted transaction with ROLLBACK and no error. It comes to that when the work caught
 * a failed statement's error and went on: everything would be lost in silence, and the hooks would still run. Only the
 * server knows (a savepoint may have saved it), so it is asked, but only after a failure.
 */
async function refuseAborted(runner: QueryRunner): Promise<void> {
  if (!runner.data.statementFailed) return;
  try {
    await runner.query('SELECT 1');
  } catch (error) {
    throw new Error(
      'A statement of this transaction failed and its error was caught, so nothing can be committed. Let the error ' +
        'leave database.transaction(), or avoid it with ON CONFLICT.',
      { cause: error },
    );
  }
}
