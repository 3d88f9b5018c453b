import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { Api, expectStatus } from '../../test/support/api-client.js';
import { adminToken } from '../../test/support/tokens.js';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { openGround, type DashboardService } from '../dashboard/instances.js';
import { DASHBOARD_CACHES, loadAtOnce, type Loads } from '../dashboard/loads.js';
import { makeOwners, type DashboardOwner } from '../dashboard/people.js';
import { quantile } from '../measure.js';
import type { Row } from '../result.js';

const FULL = { people: 100, rounds: 5, warmRounds: 50 };
const QUICK = { people: 5, rounds: 1, warmRounds: 3 };
const ONE_WAY_MS = 100;
const BARS = { faster: 26, spared: 0.95 };
/** Of a load. */
const REQUESTS = DASHBOARD_CACHES.length;
/** In the time that a browser would take at most. */
const DEADLINE_MS = 120_000;

/** With the nanoseconds of processor time that the service took. */
interface MeasuredLoads extends Loads {
  cpu: number;
}

/** Loads of several rounds, the first of which only opens connections and compiles. */
async function rounds(
  service: DashboardService,
  owners: readonly DashboardOwner[],
  count: number,
  { before, onRound }: { before?: () => Promise<unknown>; onRound: (round: number) => void },
): Promise<MeasuredLoads> {
  const pool = new Pool(service.url, {
    connections: Math.max(owners.length, REQUESTS),
    headersTimeout: DEADLINE_MS,
  });
  const ask = async ({ person }: DashboardOwner, path: string) => {
    const headers = { authorization: `Bearer ${person.token}` };
    const answer = await pool.request({ method: 'GET', path, headers });
    await answer.body.dump();
    const timing = /db;desc="(\d+) quer/.exec(String(answer.headers['server-timing']));
    return { status: answer.statusCode, queries: Number(timing?.[1] ?? NaN) };
  };
  const all: MeasuredLoads = { latencies: [], queries: 0, cpu: 0 };
  try {
    for (let round = 0; round <= count; round++) {
      onRound(round);
      await before?.();
      const cpu = await service.cpu();
      const { latencies, queries } = await loadAtOnce(owners, ask);
      if (round === 0) continue;
      all.latencies.push(...latencies);
      all.queries += queries;
      all.cpu += (await service.cpu()) - cpu;
    }
    return all;
  } finally {
    await pool.close();
  }
}

interface Found {
  withoutCache: MeasuredLoads;
  wide: MeasuredLoads;
  cold: MeasuredLoads;
  warm: MeasuredLoads;
  aloneWithout: MeasuredLoads;
  aloneWarm: MeasuredLoads;
}

async function measure(context: BenchContext): Promise<Found> {
  const size = context.quick ? QUICK : FULL;
  const ground = await openGround();
  try {
    const cached = await ground.start('dashboard', context.redis.url);
    const owners = await makeOwners(cached.url, ground.query, ground.platform, size.people, (index) =>
      context.progress(`person ${index + 1} of ${size.people}`),
    );
    const bare = await ground.start('bare', '', PATIENT);
    const wide = await ground.start('wide', '', { ...PATIENT, DATABASE_POOL_SIZE: String(size.people) });
    ground.proxy.delay(ONE_WAY_MS);
    const run = (
      name: string,
      service: DashboardService,
      count: number,
      { before, who = owners }: { before?: () => Promise<unknown>; who?: readonly DashboardOwner[] } = {},
    ) =>
      rounds(service, who, count, {
        before,
        onRound: (round) => context.progress(`${name}: round ${round} of ${count}`),
      });
    const admin = new Api(cached.url, await adminToken(randomUUID()));
    const forget = async (): Promise<void> => {
      for (const prefix of DASHBOARD_CACHES)
        expectStatus(202, await admin.post('/api/cache/invalidate', { prefix: `${prefix}:` }));
    };
    return {
      withoutCache: await run('without a cache', bare, size.rounds),
      wide: await run('without a cache, more connections', wide, size.rounds),
      cold: await run('cold', cached, size.rounds, { before: forget }),
      warm: await run('warm', cached, size.warmRounds),
      aloneWithout: await run('alone, without', bare, size.warmRounds, { who: owners.slice(0, 1) }),
      aloneWarm: await run('alone, warm', cached, size.warmRounds, { who: owners.slice(0, 1) }),
    };
  } finally {
    await ground.close();
  }
}

/** A hundred pages at once wait longer for a connection than a service would let them. */
const PATIENT = { DATABASE_CONNECT_TIMEOUT: '120s' };

const averageOf = ({ latencies }: Loads): number =>
  latencies.reduce((sum, one) => sum + one, 0) / latencies.length;
const perLoad = ({ queries, latencies }: Loads): number => queries / latencies.length;

function rowOf(name: string, loads: MeasuredLoads, without: MeasuredLoads, isJudged: boolean): Row {
  const faster = averageOf(without) / averageOf(loads);
  const spared = 1 - perLoad(loads) / perLoad(without);
  return {
    name,
    cells: {
      average: averageOf(loads),
      p95: quantile(loads.latencies, 0.95),
      queries: perLoad(loads).toFixed(2),
      faster,
      spared: `${(spared * 100).toFixed(1)} %`,
      cpu: loads.cpu / loads.latencies.length,
    },
    ...(isJudged ? { met: faster >= BARS.faster && spared >= BARS.spared } : {}),
  };
}

export const dashboard: BenchCase = {
  name: 'dashboard',
  title: 'A hundred dashboards at once, with the database 200 ms away',
  run: async (context) => {
    const { withoutCache, wide, cold, warm, aloneWithout, aloneWarm } = await measure(context);
    const { people } = context.quick ? QUICK : FULL;
    return {
      how: `${people} people with a connected platform load their dashboard at the same moment: five requests each, at once, for how their platforms stand, their last extraction, who they are there, their soul signature and the platforms' quotas. A load is over with its last answer. The service is one process on PostgreSQL, behind a proxy that lets 100 ms pass in each direction. Without a cache: no Redis configured, then nothing of this is kept in the process either. Cold: all entries dropped before. Warm: loaded once before.`,
      bar: `warm at least ${BARS.faster} × as fast on average, and ${BARS.spared * 100} % fewer statements`,
      columns: [
        { key: 'average', title: 'average', unit: 'time' },
        { key: 'p95', title: 'p95', unit: 'time' },
        { key: 'queries', title: 'statements per load', unit: 'text' },
        { key: 'faster', title: '× as fast', unit: 'ratio' },
        { key: 'spared', title: 'statements spared', unit: 'text' },
        { key: 'cpu', title: "service's processor time per load", unit: 'time' },
      ],
      rows: [
        rowOf('without a cache', withoutCache, withoutCache, false),
        rowOf('without a cache, a connection for each person', wide, withoutCache, false),
        rowOf('cold', cold, withoutCache, false),
        rowOf('**warm**', warm, withoutCache, true),
        rowOf('one alone, without a cache', aloneWithout, aloneWithout, false),
        rowOf('one alone, warm', aloneWarm, aloneWithout, false),
      ],
      notes: [
        `The service has ${DEFAULT_POOL} connections to its database, as by default, except in the second row, which has ${people}; a page waits for one of them as long as it takes.`,
        'Cold, each of the five things is asked for once for each person, and all pages wait for the same connections as without a cache. Warm, a hundred pages are five hundred requests at once for one process: what they wait for is the processor; a page alone shows what the cache does.',
        'Statements are counted by the service and told with each answer. The clients share the two processors with the service, Redis, PostgreSQL and the proxy.',
      ],
    };
  },
};

const DEFAULT_POOL = 20;
