import { randomUUID } from 'node:crypto';
import { loadAtOnce, DASHBOARD_CACHES, type Loads } from '../../../bench/dashboard/loads.js';
import { makeOwners, type DashboardOwner } from '../../../bench/dashboard/people.js';
import { Database } from '../../../src/platform/database/database.js';
import { LoginWarmUp } from '../../../src/platform/warm-up/login-warm-up.js';
import { Api, expectStatus } from '../../support/api-client.js';
import { PlatformServer } from '../../support/platform-server.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { testServers } from '../../support/test-servers.js';
import { adminToken } from '../../support/tokens.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';

const PEOPLE = 4;
/** As many as a load asks for things. */
const STATEMENTS = DASHBOARD_CACHES.length;

interface CacheReport {
  mode: string;
  caches: { name: string; hits: number; misses: number }[];
}

const load = (owners: readonly DashboardOwner[]): Promise<Loads> =>
  loadAtOnce(owners, ({ person }, path) => person.get(path));

async function open(platform: PlatformServer, settings: Record<string, string>) {
  const running = await startApp({ ...platform.settings, ...settings });
  const query = (sql: string, parameters: unknown[]) =>
    running.app.get(Database).manager.query<unknown>(sql, parameters);
  const owners = await makeOwners(running.url, query, platform, PEOPLE);
  return { running, owners, admin: new Api(running.url, await adminToken(randomUUID())) };
}

let platform: PlatformServer;
beforeAll(async () => (platform = await PlatformServer.start()));
afterAll(() => platform.stop());

describe('the dashboards of several people at once', () => {
  let running: RunningApp;
  let owners: DashboardOwner[];
  let admin: Api;

  beforeAll(async () => {
    const settings = {
      REDIS_URL: await testServers.redisUrl(),
      REDIS_KEY_PREFIX: `dash-${randomUUID()}`,
      // A busy machine must not make a read pass by the cache: statements are counted.
      CACHE_DEADLINE: '5s',
    };
    ({ running, owners, admin } = await open(platform, settings));
  }, 60_000);
  afterAll(() => running.close());

  const forget = async (): Promise<void> => {
    for (const prefix of DASHBOARD_CACHES)
      expectStatus(202, await admin.post('/api/cache/invalidate', { prefix: `${prefix}:` }));
  };

  /** A process that stood still reads from the database until it knows that it has missed no evict. */
  const counted = (attempt: () => Promise<void>) => () => undisturbed(50, attempt);

  it(
    'ask the database for each thing once while the caches are cold, and for nothing once they are warm',
    counted(async () => {
      await forget();
      expect((await load(owners)).queries).toBe(PEOPLE * STATEMENTS);
      expect((await load(owners)).queries).toBe(0);
    }),
  );

  it(
    'are cleared by an administrator by the beginning of keys',
    counted(async () => {
      await load(owners);
      expectStatus(202, await admin.post('/api/cache/invalidate', { prefix: 'platform_status:' }));
      expect((await load(owners)).queries).toBe(PEOPLE);
    }),
  );

  it(
    'are counted in the statistics of the caches',
    counted(async () => {
      await forget();
      const statistics = async () => {
        const report = expectStatus(200, await admin.get<CacheReport>('/api/admin/cache-stats'));
        return new Map(report.caches.map(({ name, hits, misses }) => [name, [hits, misses] as const]));
      };
      const before = await statistics();
      await load(owners);
      await load(owners);
      const after = await statistics();
      const gained = DASHBOARD_CACHES.map((name) => [
        name,
        ...[0, 1].map((at) => after.get(name)![at]! - before.get(name)![at]!),
      ]);
      expect(gained).toEqual(DASHBOARD_CACHES.map((name) => [name, PEOPLE, PEOPLE]));
    }),
  );

  it(
    'are read ahead when somebody has logged in',
    counted(async () => {
      await forget();
      const [owner] = owners as [DashboardOwner];
      const { user, password } = owner.person;
      expectStatus(200, await new Api(running.url).post('/api/auth/login', { email: user.email, password }));
      await running.app.get(LoginWarmUp).settled();
      expect((await load([owner])).queries).toBe(0);
    }),
  );

  it('show who one is on a platform until it is disconnected, not a read longer', async () => {
    const [, owner] = owners as [DashboardOwner, DashboardOwner];
    const { person } = owner;
    const profiles = async () =>
      expectStatus(200, await person.get<{ items: unknown[] }>('/api/connectors/profile')).items;
    const shown = { platform: 'spotify', accountId: 'listener', name: 'A listener' };
    expect(await profiles()).toEqual([expect.objectContaining(shown)]);
    expectStatus(204, await person.delete('/api/connectors/spotify'));
    expect(await profiles()).toEqual([]);
    await platform.connect(person);
    expect(await profiles()).toEqual([expect.objectContaining(shown)]);
  });
});

describe('the dashboards of several people without a Redis', () => {
  it('ask the database for everything, every time', async () => {
    const { running, owners, admin } = await open(platform, {});
    try {
      for (let time = 0; time < 2; time++) expect((await load(owners)).queries).toBe(PEOPLE * STATEMENTS);
      const report = expectStatus(200, await admin.get<CacheReport>('/api/admin/cache-stats'));
      expect(report.mode).toBe('memory');
    } finally {
      await running.close();
    }
  }, 60_000);
});
