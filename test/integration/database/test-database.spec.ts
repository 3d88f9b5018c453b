import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

describe.each(['embedded', 'postgres'] as const)('createTestDatabase on %s', (on) => {
  const open: TestDatabase[] = [];
  afterEach(() => Promise.all(open.splice(0).map((db) => db.close())));
  const create = async (): Promise<TestDatabase> => {
    const db = await createTestDatabase({ on });
    open.push(db);
    return db;
  };

  it('gives every test a migrated database of its own', async () => {
    const [one, other] = [await create(), await create()];
    await one.database.manager.query(
      `INSERT INTO usage_counters (user_id, character_id, day, kind) VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'text')`,
    );
    const count = (db: TestDatabase) =>
      db.database.manager.query('SELECT count(*)::int AS n FROM usage_counters');
    expect(await count(one)).toEqual([{ n: 1 }]);
    expect(await count(other)).toEqual([{ n: 0 }]);
  });

  it('closes although a transaction never ends', async () => {
    const db = await createTestDatabase({ on });
    const runner = db.dataSource.createQueryRunner();
    await runner.startTransaction();
    await db.close();
    await expect(db.dataSource.query('SELECT 1')).rejects.toThrow();
  });
});
