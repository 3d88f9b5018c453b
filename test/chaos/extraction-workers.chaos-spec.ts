import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { expectStatus, newPerson, type Person } from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { PlatformServer } from '../support/platform-server.js';
import type { PostgresDatabase } from '../support/postgres-server.js';
import { START_MS, startBuilt, startWorker, type BuiltService } from '../support/service.js';
import { LiveSocket } from '../support/socket-client.js';
import { testServers } from '../support/test-servers.js';

type Worker = Awaited<ReturnType<typeof startWorker>>;

interface JobEvent {
  jobId: string;
  status: string;
  progress: { percent: number };
}

const PAGE = 50;
const PAGES = FULL_SIZE ? 80 : 20;
const KILLS = FULL_SIZE ? 4 : 1;
const PAGE_MS = 50;
const ENDS = /^job\.(?:completed|failed)$/;

describe('extractions whose workers are killed', () => {
  let platform: PlatformServer;
  let database: PostgresDatabase;
  let sql: pg.Client;
  let settings: Record<string, string>;
  let api: BuiltService;
  let person: Person;
  /** By what they call themselves to the platform. */
  const workers = new Map<string, Worker>();

  const start = async (name: string): Promise<void> => {
    workers.set(name, await startWorker({ ...settings, CONNECTOR_USER_AGENT: name }));
  };

  beforeAll(async () => {
    [platform, database] = await Promise.all([
      PlatformServer.start(),
      testServers.postgres().then((server) => server.createDatabase()),
    ]);
    sql = new pg.Client({ connectionString: database.url, query_timeout: 10_000 });
    await sql.connect();
    const secret = (): string => randomBytes(32).toString('base64');
    settings = {
      ...platform.settings,
      DATABASE_URL: database.url,
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `extractions-${randomBytes(6).toString('hex')}`,
      AUTH_SECRET: secret(),
      PAGINATION_SECRET: secret(),
      CONNECTOR_TOKEN_KEYS: `k1:${secret()}`,
      JOBS_TAKEN_OVER_AFTER: '1s',
    };
    api = await startBuilt({ ...settings, RUN_JOBS: 'false' });
    // One for each that is killed, and one more: there is no time to start them anew.
    const names = Array.from({ length: KILLS + 1 }, (_, at) => `worker-${at}`);
    await Promise.all(names.map(start));
    person = await newPerson(api.url);
    await platform.connect(person);
  }, START_MS);
  afterAll(async () => {
    await Promise.all([api?.stop(), ...[...workers.values()].map((worker) => worker.kill())]);
    await sql?.end();
    await Promise.all([database?.drop(), platform?.stop()]);
  });

  it('go on from the checkpoint elsewhere: every thing once, progress that rises, and one end', async () => {
    platform.tracks = Array.from({ length: PAGES * PAGE }, (_, at) => `t${at}`);
    platform.delayMs = PAGE_MS;
    const socket = await LiveSocket.connect(api.url, person.token);
    const ordered = await person.post<{ id: string }>('/api/connectors/spotify/jobs', { kind: 'library' });
    const { id } = expectStatus(202, ordered);
    const stream = `job:${id}`;
    await socket.get('sync:resume', { streams: [{ stream }] });
    const overHttp: { event: string; data: JobEvent }[] = [];
    const followed = (async () => {
      const { events } = await person.events(`/api/extraction-jobs/${id}/events`);
      for await (const { event, data } of events) overHttp.push({ event, data: data as unknown as JobEvent });
    })();

    for (let kill = 1; kill <= KILLS; kill++) {
      const enough = (kill * PAGES) / (KILLS + 1);
      await eventually('pages', () => Promise.resolve(platform.requests.length >= enough || undefined));
      const name = platform.requests.at(-1)?.agent ?? '';
      await workers.get(name)?.kill();
      const from = platform.requests.length;
      const next = await eventually('another worker', () => Promise.resolve(platform.requests[from]));
      expect(next.agent).not.toBe(name);
      // The page that was kept last is not read again.
      const last = platform.requests[from - 1]?.offset ?? 0;
      expect([last, last + PAGE]).toContain(next.offset);
    }

    const { rows } = await eventually('the end', async () => {
      const ended = await sql.query('SELECT * FROM jobs WHERE id = $1 AND ended_at IS NOT NULL', [id]);
      return ended.rowCount === 1 ? ended : undefined;
    });
    expect(rows).toMatchObject([{ status: 'succeeded', result: { items: PAGES * PAGE } }]);
    // One that stands still for as long as one that is gone loses its job as well.
    const { attempts } = rows[0] as { attempts: number };
    expect(attempts).toBeGreaterThan(KILLS);
    const items = await sql.query(
      'SELECT count(*)::int AS count, count(DISTINCT item_id)::int AS different FROM connector_items WHERE user_id = $1',
      [person.user.id],
    );
    expect(items.rows).toEqual([{ count: PAGES * PAGE, different: PAGES * PAGE }]);
    // Nothing was read twice but what was on its way to a worker that lost the job.
    expect(platform.asked.length - new Set(platform.asked).size).toBeLessThan(attempts);

    await followed;
    await socket.hears('job.completed', (event) => event.stream === stream);
    await socket.hears('job.completed', (event) => event.stream === `user:${person.user.id}`);
    const rises = (percents: number[]): void => {
      expect(percents.length).toBeGreaterThan(1);
      expect(percents).toEqual([...percents].sort((a, b) => a - b));
    };
    rises(overHttp.map(({ data }) => data.progress.percent));
    expect(overHttp.filter(({ event }) => ENDS.test(event))).toHaveLength(1);
    for (const name of [stream, `user:${person.user.id}`]) {
      const heard = socket.heard.filter(
        ({ type, stream: of, data }) =>
          of === name && type.startsWith('job.') && (data as unknown as JobEvent).jobId === id,
      );
      rises(heard.map(({ data }) => (data as unknown as JobEvent).progress.percent));
      expect(heard.filter(({ type }) => ENDS.test(type))).toHaveLength(1);
    }
    socket.close();
  }, 120_000);
});
