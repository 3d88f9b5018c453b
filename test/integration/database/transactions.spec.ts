import { Logger } from '@nestjs/common';
import { runInRequestContext } from '../../../src/platform/http/request-context.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

describe.each(['embedded', 'postgres'] as const)('Database on %s', (on) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase({ on, acquireTimeoutMs: 5_000 });
    await db.dataSource.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
  });
  beforeEach(() =>
    db.dataSource
      .query('TRUNCATE counters')
      .then(() => db.dataSource.query('INSERT INTO counters VALUES (1, 0), (2, 0)')),
  );
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => db.close());

  const add = (n: number, id = 1) =>
    db.database.manager.query('UPDATE counters SET n = n + $1 WHERE id = $2', [n, id]);
  const value = async (id = 1): Promise<number | undefined> => {
    const rows = await db.dataSource.query<{ n: number }[]>('SELECT n FROM counters WHERE id = $1', [id]);
    return rows[0]?.n;
  };

  it('commits what the work wrote, and gives its result', async () => {
    expect(await db.database.transaction(async () => (await add(5), 'result'))).toBe('result');
    expect(await value()).toBe(5);
  });

  it('rolls everything back when the work throws, and throws the same error', async () => {
    const error = new Error('no');
    await expect(
      db.database.transaction(async () => {
        await add(5);
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await value()).toBe(0);
  });

  it('joins a transaction that is already running: only the outermost commits', async () => {
    await expect(
      db.database.transaction(async () => {
        await db.database.transaction(() => add(1));
        expect(db.database.inTransaction).toBe(true);
        throw new Error('outer');
      }),
    ).rejects.toThrow('outer');
    expect(await value()).toBe(0);
    expect(db.database.inTransaction).toBe(false);
  });

  it('does not mix statements of concurrent transactions: 50 increments with a read between count 50', async () => {
    await Promise.all(
      Array.from({ length: 50 }, () =>
        db.database.transaction(async () => {
          const [row] = await db.database.manager.query<{ n: number }[]>(
            'SELECT n FROM counters WHERE id = 1 FOR UPDATE',
          );
          await new Promise(setImmediate);
          await db.database.manager.query('UPDATE counters SET n = $1 WHERE id = 1', [(row?.n ?? 0) + 1]);
        }),
      ),
    );
    expect(await value()).toBe(50);
  });

  it('keeps parallel statements of one transaction inside it', async () => {
    const failing = db.database.transaction(async () => {
      await Promise.all([add(1), add(1), add(1, 2)]);
      throw new Error('undo');
    });
    await expect(failing).rejects.toThrow('undo');
    expect(await value()).toBe(0);
    expect(await value(2)).toBe(0);
  });

  it('runs hooks after the commit, in order, awaited, outside the transaction', async () => {
    const seen: unknown[] = [];
    await db.database.transaction(async () => {
      await db.database.transaction(async () => {
        void db.database.afterCommit(async () => {
          await new Promise(setImmediate);
          seen.push(['first', await value(), db.database.inTransaction]);
        });
      });
      void db.database.afterCommit(() => void seen.push('second'));
      await add(7);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual([['first', 7, false], 'second']);
  });

  it('drops hooks on rollback and runs them at once outside a transaction', async () => {
    const hook = jest.fn();
    await db.database
      .transaction(async () => {
        void db.database.afterCommit(hook);
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(hook).not.toHaveBeenCalled();
    await db.database.afterCommit(hook);
    expect(hook).toHaveBeenCalledTimes(1);
  });

  it('does not fail a committed call because a hook failed', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    const after = jest.fn();
    await db.database.transaction(async () => {
      void db.database.afterCommit(() => Promise.reject(new Error('bus is down')));
      void db.database.afterCommit(after);
      await add(1);
    });
    expect(await value()).toBe(1);
    expect(after).toHaveBeenCalled();
    expect(logged).toHaveBeenCalledTimes(1);
  });

  it('runs the transaction again on a serialization failure, with its hooks reset', async () => {
    const hook = jest.fn();
    let attempts = 0;
    await db.database.transaction(async () => {
      void db.database.afterCommit(hook);
      await add(1);
      if (++attempts < 3) {
        await db.database.manager.query(`DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '40001'; END $$`);
      }
    });
    expect([attempts, await value(), hook.mock.calls.length]).toEqual([3, 1, 1]);
  });

  it('gives up after three more attempts, and never repeats for another error', async () => {
    const work = jest.fn((code: string) =>
      db.database.manager.query(`DO $$ BEGIN RAISE 'conflict' USING ERRCODE = '${code}'; END $$`),
    );
    await expect(db.database.transaction(() => work('40P01'))).rejects.toThrow('conflict');
    expect(work).toHaveBeenCalledTimes(4);
    work.mockClear();
    await expect(db.database.transaction(() => work('23505'))).rejects.toThrow('conflict');
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('refuses to commit after a swallowed failure instead of losing the writes in silence', async () => {
    const hook = jest.fn();
    const work = db.database.transaction(async () => {
      void db.database.afterCommit(hook);
      await add(1);
      await db.database.manager.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('its error was caught');
    expect(hook).not.toHaveBeenCalled();
    expect(await value()).toBe(0);
  });

  it('commits after a failure that a savepoint undid', async () => {
    await db.database.transaction(async () => {
      await add(1);
      const attempt = db.database.manager.transaction((inner) => inner.query('SELECT 1 / 0'));
      await attempt.catch(() => undefined);
    });
    expect(await value()).toBe(1);
  });

  it('refuses a query left behind by a transaction that has ended', async () => {
    let left: Promise<unknown> | undefined;
    let proceed = (): void => undefined;
    const ended = new Promise<void>((resolve) => (proceed = resolve));
    const manager = await db.database.transaction(async () => {
      left = ended.then(() => add(1));
      return db.database.manager;
    });
    proceed();
    await expect(left).rejects.toThrow('after its transaction had ended');
    await expect(manager.query('SELECT 1')).rejects.toThrow('already released');
    expect(await value()).toBe(0);
  });

  it('counts the statements of a request, without BEGIN and COMMIT', async () => {
    const context = { requestId: 'r', queries: 0 };
    await runInRequestContext(context, () => db.database.transaction(() => add(1).then(() => add(1))));
    expect(context.queries).toBe(2);
  });

  if (on === 'embedded') {
    it('explains a query that waits for its own transaction, and serves on', async () => {
      await expect(db.database.transaction(() => db.dataSource.query('SELECT 1'))).rejects.toThrow(
        'must go through database.manager',
      );
      expect(await value()).toBe(0);
    });
  }
});
