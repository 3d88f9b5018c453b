import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { Database } from '../../../src/platform/database/database.js';
import { JobsRepository } from '../../../src/platform/jobs/jobs.repository.js';
import { expectStatus, newPerson, type Answer, type Person } from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { PlatformServer } from '../../support/platform-server.js';
import type { PostgresDatabase } from '../../support/postgres-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { testServers } from '../../support/test-servers.js';

interface Status {
  lastSyncAt: string | null;
}
interface ExtractionJob {
  id: string;
  status: string;
  checkpoint: { done: number } | null;
}

/** What is answered when it is opened. */
function gate(): { opened: Promise<undefined>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
  return { opened, open };
}

/** The running transaction's process does nothing any more after the commit. */
function diesAfterCommit({ manager }: Database, revival: Promise<unknown>): void {
  const runner = manager.queryRunner as QueryRunner;
  const commit = runner.commitTransaction.bind(runner);
  runner.commitTransaction = async () => {
    await commit();
    await revival;
  };
}

describe('extractions on two instances of one service', () => {
  let platform: PlatformServer;
  let database: PostgresDatabase;
  let sql: pg.Client;
  let instances: RunningApp[] = [];
  let onA: Person;
  let onB: Person;

  beforeAll(async () => {
    [platform, database] = await Promise.all([
      PlatformServer.start(),
      testServers.postgres().then((server) => server.createDatabase()),
    ]);
    sql = new pg.Client({ connectionString: database.url, query_timeout: 10_000 });
    await sql.connect();
    const secret = (): string => randomBytes(32).toString('base64');
    const settings = {
      ...platform.settings,
      DATABASE_URL: database.url,
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `extractions-${randomUUID()}`,
      PAGINATION_SECRET: secret(),
      CONNECTOR_TOKEN_KEYS: `k1:${secret()}`,
    };
    instances = [await startApp(settings), await startApp(settings)];
    const [a, b] = instances as [RunningApp, RunningApp];
    onA = await newPerson(a.url);
    onB = onA.at(b.url);
    await platform.connect(onA);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await sql.end();
    await Promise.all([database.drop(), platform.stop()]);
  });

  const onBoth = async <Body>(path: string): Promise<[Answer<Body>, Answer<Body>]> => {
    const [a, b] = await Promise.all([onA.get<Body>(path), onB.get<Body>(path)]);
    expectStatus(200, a);
    expectStatus(200, b);
    return [a, b];
  };
  const isHit = ({ headers }: Answer<unknown>): boolean => /; hit/.test(headers.get('cache-status') ?? '');
  /** A busy machine may be too slow for the cache now and then. */
  const bothHit = (path: string): Promise<true> =>
    eventually('hits', async () => (await onBoth(path)).every(isHit) || undefined);
  /** By the database's own word: what is asked of the service next is the first to be asked. */
  const rowSays = (id: string, condition: string): Promise<true> =>
    eventually('the row', async () => {
      const { rowCount } = await sql.query(`SELECT 1 FROM jobs WHERE id = $1 AND ${condition}`, [id]);
      return rowCount === 1 || undefined;
    });

  it('what is cached of a job and of the status is true in the very next read, on either', async () => {
    platform.tracks = Array.from({ length: 70 }, (_, at) => `t${at}`);
    const gates = new Map([0, 50].map((offset) => [offset, gate()]));
    platform.answer = ({ offset }) => gates.get(offset)?.opened;
    const status = '/api/connectors/spotify';
    const { id } = expectStatus(
      202,
      await onA.post<ExtractionJob>('/api/connectors/spotify/jobs', { kind: 'library' }),
    );
    const path = `/api/extraction-jobs/${id}`;

    await rowSays(id, `status = 'running'`);
    await bothHit(path);
    gates.get(0)?.open();
    await rowSays(id, `checkpoint ->> 'kept' = '50'`);
    for (const { body } of await onBoth<ExtractionJob>(path))
      expect(body).toMatchObject({ status: 'running', checkpoint: { done: 50 } });
    await bothHit(path);
    expect((await onBoth<Status>(status)).map(({ body }) => body.lastSyncAt)).toEqual([null, null]);
    await bothHit(status);

    gates.get(50)?.open();
    await rowSays(id, `ended_at IS NOT NULL`);
    const [[jobOnA, jobOnB], [statusOnA, statusOnB]] = await Promise.all([
      onBoth<ExtractionJob>(path),
      onBoth<Status>(status),
    ]);
    expect([jobOnA.body.status, jobOnB.body.status]).toEqual(['succeeded', 'succeeded']);
    expect(statusOnA.body.lastSyncAt).not.toBeNull();
    expect(statusOnB.body.lastSyncAt).toBe(statusOnA.body.lastSyncAt);
    await bothHit(path);

    const { jobId } = expectStatus(202, await onB.post<{ jobId: string }>('/api/connectors/spotify/reset'));
    expect((await onBoth<Status>(status)).map(({ body }) => body.lastSyncAt)).toEqual([null, null]);
    await rowSays(jobId, 'ended_at IS NOT NULL');
  });

  it('a job that was just taken is not shown as queued, though its worker dies before it can say so', async () => {
    const [mayBeTaken, revival] = [gate(), gate()];
    for (const { app } of instances) {
      const rows = app.get(JobsRepository, { strict: false });
      const claim = rows.claim.bind(rows);
      jest.spyOn(rows, 'claim').mockImplementation(async (request) => {
        await mayBeTaken.opened;
        const claimed = await claim(request);
        if (claimed) diesAfterCommit(app.get(Database, { strict: false }), revival.opened);
        return claimed;
      });
    }
    platform.answer = () => undefined;
    const ordered = await onA.post<ExtractionJob>('/api/connectors/spotify/jobs', { kind: 'library' });
    const { id } = expectStatus(202, ordered);
    const path = `/api/extraction-jobs/${id}`;
    try {
      await bothHit(path);
      for (const { body } of await onBoth<ExtractionJob>(path)) expect(body.status).toBe('queued');
      mayBeTaken.open();
      await rowSays(id, `status = 'running'`);
      for (const { body } of await onBoth<ExtractionJob>(path)) expect(body.status).toBe('running');
    } finally {
      mayBeTaken.open();
      revival.open();
      jest.restoreAllMocks();
    }
    await rowSays(id, `status = 'succeeded'`);
  });

  it('a job that waits is shown as waiting, and a cancelled one as cancelled, whoever looked before', async () => {
    let refuse = (): void => undefined;
    const asked = new Promise<{ status: number; headers: Record<string, string> }>((resolve) => {
      refuse = () => resolve({ status: 429, headers: { 'retry-after': '600' } });
    });
    platform.answer = () => asked;
    const ordered = await onA.post<ExtractionJob>('/api/connectors/spotify/jobs', { kind: 'library' });
    const { id } = expectStatus(202, ordered);
    const path = `/api/extraction-jobs/${id}`;
    const bothSay = (status: string): Promise<true> =>
      eventually(status, async () => {
        const answers = await onBoth<ExtractionJob>(path);
        return answers.every(({ body }) => body.status === status) || undefined;
      });
    await bothSay('running');
    await bothHit(path);
    refuse();
    await rowSays(id, `status = 'waiting'`);
    const shown = await onBoth<ExtractionJob & { resumeAt: string }>(path);
    for (const { body } of shown) expect(body.status).toBe('waiting_rate_limit');
    const { resumeAt } = shown[0].body;
    expect(Math.abs(Date.parse(resumeAt) - Date.now() - 600_000)).toBeLessThan(30_000);
    expectStatus(202, await onB.post(`${path}/cancel`));
    for (const { body } of await onBoth<ExtractionJob>(path)) expect(body.status).toBe('cancelled');
  });
});
