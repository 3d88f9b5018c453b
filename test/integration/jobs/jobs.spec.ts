import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { testServers } from '../../support/test-servers.js';
import { describeJobs } from './jobs.contract.js';
import { JobsInstance } from './jobs-instance.js';

describe('jobs in one process, on the embedded database', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase({ on: 'embedded' });
  });
  afterAll(() => db.close());
  describeJobs((features) => JobsInstance.start(db, features));
});

describe('jobs on PostgreSQL, woken through Redis', () => {
  let db: TestDatabase;
  let redisUrl: string;
  beforeAll(async () => {
    [db, redisUrl] = await Promise.all([createTestDatabase(), testServers.redisUrl()]);
  });
  afterAll(() => db.close());
  const keyPrefix = `jobs-${randomUUID()}`;
  describeJobs((features) => JobsInstance.start(db, features, { redisUrl, keyPrefix }));
});
