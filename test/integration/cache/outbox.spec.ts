import { Redis } from 'ioredis';
import { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import type { CacheHandle } from '../../../libs/cache/src/cache-handle.js';
import { CacheService } from '../../../libs/cache/src/cache.service.js';
import { defineCache } from '../../../libs/cache/src/declare/cache-declaration.js';
import { handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { CacheOutboxRows } from '../../../src/platform/cache/cache-outbox.js';
import { CacheRelay } from '../../../src/platform/cache/cache-relay.js';
import { Database } from '../../../src/platform/database/database.js';
import { PeriodicTasks } from '../../../src/platform/jobs/periodic.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from './until.js';

const counters = defineCache<[id: number], number>({
  name: 'counter',
  key: (id) => [id],
  ttl: '1h',
  l1: false,
});

/** One process: its own connections, engine and transactions over the same database. */
class Process {
  readonly redis: Redis;
  readonly database: Database;
  readonly engine: CacheEngine;
  readonly relay: CacheRelay;
  readonly counters: CacheHandle<[number], number>;

  constructor(server: RedisServer, db: TestDatabase, deadlineMs?: number) {
    this.redis = new Redis(server.url, { lazyConnect: true, retryStrategy: () => 50 });
    this.database = new Database(db.dataSource, db.mode);
    const { database } = this;
    const outbox = new CacheOutboxRows(database);
    this.engine = new CacheEngine({
      redis: this.redis,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      transaction: {
        isActive: () => database.inTransaction,
        afterCommit: (hook) => database.afterCommit(hook),
        afterRollback: (hook) => database.afterRollback(hook),
        outbox,
      },
    });
    this.counters = handleOf(this.engine, counters);
    this.relay = new CacheRelay(new CacheService(this.engine), database, outbox, new PeriodicTasks());
    database.beforeCommit(() => new CacheService(this.engine).beforeCommit());
  }

  read = (): Promise<number> =>
    this.counters.getOrLoad([1], async () => {
      const [row] = await this.database.manager.query<{ n: number }[]>('SELECT n FROM counters WHERE id = 1');
      return row!.n;
    });

  add = (): Promise<unknown> => this.database.manager.query('UPDATE counters SET n = n + 1 WHERE id = 1');

  stop(): void {
    this.engine.stop();
    this.redis.disconnect();
  }
}

describe.each(['embedded', 'postgres'] as const)('a write while Redis is away, on %s', (on) => {
  let db: TestDatabase;
  let server: RedisServer;
  let writer: Process;
  let other: Process;

  beforeAll(async () => {
    db = await createTestDatabase({ on });
    await db.dataSource.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
    server = await startRedis();
  });

  afterAll(async () => {
    await server.stop();
    await db.close();
  });

  beforeEach(async () => {
    await db.dataSource.query('TRUNCATE counters, cache_outbox');
    await db.dataSource.query('INSERT INTO counters VALUES (1, 0)');
    writer = new Process(server, db);
    other = new Process(server, db);
    await Promise.all([writer.engine.start(), other.engine.start()]);
    await other.redis.flushall();
    await writer.read();
    await other.read();
    // Only this process cannot reach Redis.
    writer.redis.disconnect();
    await until(() => writer.redis.status === 'end');
  });

  afterEach(() => {
    writer.stop();
    other.stop();
  });

  const outbox = async (): Promise<number> => {
    const [row] = await db.dataSource.query<{ n: number }[]>('SELECT count(*)::int AS n FROM cache_outbox');
    return row!.n;
  };

  it('in a transaction of its own: the evict is committed with it, and another process delivers it', async () => {
    expect(await other.counters.get([1])).toBe(0);
    await writer.counters.evictAround([1], () => writer.database.transaction(writer.add));
    expect(await outbox()).toBe(1);
    // The writer dies here; what it still had to send is lost.
    writer.stop();
    expect(await other.relay.relay()).toBe(1);
    expect(await other.read()).toBe(1);
    expect(await outbox()).toBe(0);
  });

  it('in a transaction around it: the call says pending, and another process delivers it', async () => {
    await writer.database.transaction(async () => {
      await writer.add();
      expect(await writer.counters.evict([1])).toBe('pending');
    });
    writer.stop();
    expect(await other.relay.relay()).toBe(1);
    expect(await other.read()).toBe(1);
  });

  it('leaves nothing behind when it rolls back', async () => {
    const failing = writer.database.transaction(async () => {
      await writer.add();
      await writer.counters.evict([1]);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await outbox()).toBe(0);
    expect(await other.read()).toBe(0);
  });

  it('is not noted when Redis was told before it', async () => {
    await other.counters.evictAround([1], () => other.database.transaction(other.add));
    expect(await outbox()).toBe(0);
    expect(await other.read()).toBe(1);
  });

  it('stays noted until Redis has taken it', async () => {
    await writer.counters.evictAround([1], () => writer.database.transaction(writer.add));
    expect(await writer.relay.relay()).toBe(0);
    expect(await outbox()).toBe(1);
    expect(await other.relay.relay()).toBe(1);
  });

  it('is noted once for each of several evicts, nested ones too', async () => {
    await writer.counters.evictAround([1], () =>
      writer.counters.evictAround([2], () => writer.database.transaction(writer.add)),
    );
    expect(await outbox()).toBe(2);
  });

  it('is noted with one statement at a time, however many evicts are made at once', async () => {
    let [running, most] = [0, 0];
    await writer.database.transaction(async () => {
      const runner = writer.database.manager.queryRunner!;
      const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
      runner.query = (async (...statement: unknown[]) => {
        most = Math.max(most, ++running);
        return query(...statement).finally(() => running--);
      }) as typeof runner.query;
      await Promise.all([1, 2, 3].map((id) => writer.counters.evict([id])));
    });
    expect(most).toBe(1);
    expect(await outbox()).toBe(3);
  });
});

describe('a transaction and its holds', () => {
  let db: TestDatabase;
  let server: RedisServer;
  let one: Process;

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.dataSource.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
    await db.dataSource.query('INSERT INTO counters VALUES (1, 0)');
    server = await startRedis();
    // A hold whose end Redis does not confirm in time ends by itself, later.
    one = new Process(server, db, 5_000);
    await one.engine.start();
  });

  afterAll(async () => {
    one.stop();
    await server.stop();
    await db.close();
  });

  const held = async (): Promise<boolean> =>
    (await one.redis.exists('cache:default:{counter:~n1}:hold')) === 1;

  it('keeps others from filling until the outermost commit, nested transactions included', async () => {
    await one.database.transaction(async () => {
      await one.database.transaction(async () => {
        await one.add();
        await one.counters.evict([1]);
      });
      expect(await held()).toBe(true);
    });
    expect(await held()).toBe(false);
    expect(await one.read()).toBe(1);
  });

  it('ends them when it rolls back', async () => {
    const failing = one.database.transaction(async () => {
      await one.add();
      await one.counters.evict([1]);
      expect(await held()).toBe(true);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await held()).toBe(false);
    expect(await one.read()).toBe(1);
    expect(await one.counters.get([1])).toBe(1);
  });
});
