import pg from 'pg';
import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { watchStalls } from '../../libs/redis/src/testing/undisturbed.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { START_MS, startBuilt } from '../support/service.js';
import { testServers } from '../support/test-servers.js';
import { byRoute, describeSamples, milliseconds, slowerBy } from './support/latencies.js';
import { FaultyRedis, REDIS_FAULTS, type RedisFault } from './support/redis-faults.js';
import { ServiceTraffic, type Sample } from './support/service-traffic.js';

/** How long a fault lasts at least, and how often everybody does everything meanwhile. */
const FAULT_MS = FULL_SIZE ? 10_000 : 1_500;
const ROUNDS = FULL_SIZE ? 10 : 2;
const CALLERS_PER_INSTANCE = FULL_SIZE ? 4 : 1;
/** Between two requests of a caller, in a run that compares: a starved processor would be compared, and no waiting. */
const PAUSE_MS = FULL_SIZE ? 250 : 0;
/** What Redis may cost while it fails. */
const WITHIN_MS = 100;
/** A machine with other things to do makes single answers slow: only what is slow again counts, in a run that compares. */
const ATTEMPTS = FULL_SIZE ? 3 : 1;
/** What the first few, those that find out, may wait longer than the slowest on a good day. */
const FIRST_WITHIN_MS = 1_000;
const NAMED_WITHIN_MS = 1_000;
const RECOVERY_MS = 5_000;

interface Lesson {
  name: string;
  samples: Sample[];
  /** From the end of the fault until no answer was degraded, and until the instances heard one another. */
  recoveredMs: number;
  sharedMs: number;
  /** What the machine added to these times: the slowest answer where all is well, and how long this process stood still. */
  slowestMs: number;
  stalledMs: number;
}

describe('two instances whose Redis fails in every way', () => {
  const stops: (() => Promise<unknown>)[] = [];
  let redis: FaultyRedis;
  let cluster: Cluster;
  let traffic: ServiceTraffic;
  /** At an instance beside, whose Redis is well: what the same takes on the same machine at the same time. */
  let control: ServiceTraffic;
  const healthy: Sample[] = [];
  const lessons: Lesson[] = [];
  /** By fault, what its last attempt found slower than it may be. */
  const slower = new Map<string, string[]>();

  beforeAll(
    async () => {
      redis = await FaultyRedis.start();
      stops.push(() => redis.stop());
      const settings = {
        USAGE_FREE_TEXT_PER_DAY: '1000000',
        AUTH_LOGINS_PER_ADDRESS: '1000000',
        BURST_LIMIT: '0',
      };
      const database = await (await testServers.postgres()).createDatabase();
      stops.unshift(() => database.drop());
      const [faulty, well] = await Promise.all([
        startCluster({ REDIS_URL: redis.url, ...settings }),
        startBuilt({ DATABASE_URL: database.url, REDIS_URL: await testServers.redisUrl(), ...settings }),
      ]);
      cluster = faulty;
      stops.unshift(() => Promise.all([faulty.stop(), well.stop()]));
      [traffic, control] = await Promise.all([
        ServiceTraffic.start([faulty.a.url, faulty.b.url], CALLERS_PER_INSTANCE, PAUSE_MS),
        ServiceTraffic.start([well.url], CALLERS_PER_INSTANCE, PAUSE_MS),
      ]);
      await Promise.all([traffic.run(0, 1), control.run(0, 1)]);
      for (const fault of REDIS_FAULTS) await learn(fault);
      say([['healthy', healthy] as const, ...lessons.map(({ name, samples }) => [name, samples] as const)]);
    },
    START_MS + REDIS_FAULTS.length * ATTEMPTS * 10 * FAULT_MS,
  );

  afterAll(async () => {
    traffic?.stop();
    control?.stop();
    for (const stop of stops) await stop();
  });

  /** The same fault until it cost nothing, or often enough. */
  async function learn(fault: RedisFault): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && slower.get(fault.name)?.length !== 0; attempt++) {
      const [samples, meanwhile] = await during(fault);
      const stalls = watchStalls();
      const [recoveredMs, sharedMs] = await Promise.all([
        traffic.untilNotDegraded(3 * RECOVERY_MS),
        traffic.untilShared(3 * RECOVERY_MS),
      ]);
      healthy.push(...meanwhile);
      const [slowestMs, stalledMs] = [Math.max(...milliseconds(meanwhile)), stalls.totalMs()];
      stalls.end();
      lessons.push({ name: fault.name, samples, recoveredMs, sharedMs, slowestMs, stalledMs });
      slower.set(fault.name, slowerBy(WITHIN_MS, meanwhile, samples));
    }
  }

  async function during(fault: RedisFault): Promise<[Sample[], Sample[]]> {
    await fault.begin(redis);
    try {
      return await Promise.all([traffic.run(FAULT_MS, ROUNDS), control.run(FAULT_MS, ROUNDS)]);
    } finally {
      await fault.end(redis);
    }
  }

  /** What `look` finds to complain of, for each fault by name, so that a failure names the faults it is about. */
  const complaints = (look: (lesson: Lesson) => readonly unknown[]): Record<string, unknown[]> => {
    const found = lessons.map((lesson): [string, unknown[]] => [lesson.name, look(lesson).slice(0, 5)]);
    return Object.fromEntries(found.filter(([, complaint]) => complaint.length > 0));
  };

  it('answer whatever needs no lock as if nothing were the matter', () => {
    const refused = (samples: readonly Sample[]): Sample[] => samples.filter(({ status }) => status >= 400);
    expect(refused(healthy)).toEqual([]);
    expect(complaints(({ samples }) => refused(samples))).toEqual({});
  });

  // Too few answers for a percentile otherwise, on a machine that runs other tests beside.
  if (FULL_SIZE) {
    it('take at most 100 ms longer, in the middle of each route and at the 99th percentile of all', () => {
      expect(Object.fromEntries([...slower].filter(([, what]) => what.length > 0))).toEqual({});
    });
  }

  it('let nobody wait for long, not even those who find out', () => {
    const slowest = Math.max(...milliseconds(healthy));
    const waited = ({ samples }: Lesson): string[] =>
      samples
        .filter(({ ms }) => ms > slowest + FIRST_WITHIN_MS)
        .map(({ route, at, ms }) => `${route}, ${at.toFixed(0)} ms into the fault: ${ms.toFixed(0)} ms`);
    expect(complaints(waited)).toEqual({});
  });

  it('name in every answer what is degraded while it lasts', () => {
    const unnamed = ({ samples, slowestMs }: Lesson): string[] =>
      samples
        .filter(({ at, degraded }) => at > NAMED_WITHIN_MS + slowestMs && degraded?.length === 0)
        .map(({ route, at }) => `${route}, ${at.toFixed(0)} ms into the fault`);
    expect(complaints(unnamed)).toEqual({});
    expect(
      new Set(lessons.flatMap(({ samples }) => samples.flatMap(({ degraded = [] }) => degraded))),
    ).toEqual(new Set(['cache', 'events', 'limits', 'presence']));
  });

  it('are themselves again within 5 s of its return', () => {
    const late = ({ recoveredMs, sharedMs, stalledMs }: Lesson): number[] =>
      [recoveredMs, sharedMs].filter((ms) => ms > RECOVERY_MS + stalledMs);
    expect(complaints(late)).toEqual({});
  });

  it('have every message that was sent in the database, once', async () => {
    const client = new pg.Client({ connectionString: cluster.settings.DATABASE_URL });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      'SELECT client_message_id AS id FROM messages WHERE client_message_id IS NOT NULL',
    );
    await client.end();
    expect(rows.map(({ id }) => id).sort()).toEqual(traffic.sent.toSorted());
  });

  it('were tried: every fault, and every route in it', () => {
    expect(new Set(lessons.map(({ name }) => name))).toEqual(new Set(REDIS_FAULTS.map(({ name }) => name)));
    const routes = [...byRoute(healthy).keys()].sort();
    expect(routes).toHaveLength(14);
    for (const { samples } of lessons) expect([...byRoute(samples).keys()].sort()).toEqual(routes);
  });
});

function say(tables: readonly (readonly [name: string, samples: readonly Sample[]])[]): void {
  process.stdout.write(`${tables.map(([name, samples]) => describeSamples(name, samples)).join('\n')}\n`);
}
