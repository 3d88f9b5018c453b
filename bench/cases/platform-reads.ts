import type { BenchCase, BenchContext } from '../bench-case.js';
import { quantile } from '../measure.js';
import { noLifetimes, openInstance } from '../platform-reads/instance.js';
import { readQueries, replay, type Tally } from '../platform-reads/replay.js';
import { platformTrace, type Area } from '../platform-reads/trace.js';
import { makeWorld } from '../platform-reads/world.js';
import type { Row } from '../result.js';

const FULL = { people: 30, characters: 16, requests: 3_000 };
const QUICK = { people: 6, characters: 4, requests: 200 };
/** Share of an area's reads that the database must be spared. */
const BARS: Record<Area, number> = { users: 0.8, characters: 0.7, conversations: 0.6 };

async function measure(context: BenchContext, url: string, name: string): Promise<Tally[]> {
  const size = context.quick ? QUICK : FULL;
  context.progress(`${name}: people, characters and conversations`);
  const world = await makeWorld(url, size);
  return replay(platformTrace(size), world, {
    onTurn: (turn) => context.progress(`${name}: request ${turn + 1} of ${size.requests}`),
  });
}

async function both(context: BenchContext): Promise<{ cached: Tally[]; uncached: Tally[] }> {
  const cachedInstance = await openInstance(context.redis.url, 'cached');
  try {
    const uncachedInstance = await openInstance(
      context.redis.url,
      'uncached',
      await noLifetimes(cachedInstance.url),
    );
    try {
      const cached = await measure(context, cachedInstance.url, 'with caches');
      return { cached, uncached: await measure(context, uncachedInstance.url, 'without') };
    } finally {
      await uncachedInstance.close();
    }
  } finally {
    await cachedInstance.close();
  }
}

function areaRow(area: Area, cached: readonly Tally[], uncached: readonly Tally[]): Row {
  const requests = cached
    .filter((tally) => tally.area === area && !tally.writes)
    .reduce((sum, tally) => sum + tally.requests, 0);
  const [left, all] = [readQueries(cached, area), readQueries(uncached, area)];
  const saved = 1 - left / all;
  return {
    name: `**${area}, all reads**`,
    cells: { requests, left, all, saved: `${(saved * 100).toFixed(1)} %` },
    met: saved >= BARS[area],
  };
}

function kindRow(tally: Tally, uncached: readonly Tally[]): Row {
  const other = uncached.find(({ area, kind }) => area === tally.area && kind === tally.kind);
  return {
    name: `${tally.area}: ${tally.kind.replaceAll('-', ' ')}${tally.writes ? ' (write)' : ''}`,
    cells: {
      requests: tally.requests,
      left: tally.queries,
      all: other?.queries ?? null,
      p50: quantile(tally.latencies, 0.5),
      p99: quantile(tally.latencies, 0.99),
      p50Without: other ? quantile(other.latencies, 0.5) : null,
      p99Without: other ? quantile(other.latencies, 0.99) : null,
    },
  };
}

export const platformReads: BenchCase = {
  name: 'platform-reads',
  title: 'Database reads of the platform, with caches and without',
  run: async (context) => {
    const { cached, uncached } = await both(context);
    const areas = Object.keys(BARS) as Area[];
    const { people, characters, requests } = context.quick ? QUICK : FULL;
    return {
      how: `${requests.toLocaleString('en')} requests of ${people} people to the service on PostgreSQL and Redis, one after the other, the same ones in each run: reads and writes of profiles, usernames, characters, lists, conversations, messages and contexts, few of them often (Zipf), ${characters} characters. The database begins with cold caches. Statements are counted by the service and told with each answer. Without: the same program with a lifetime of 1 ms for every cache.`,
      bar: 'reads saved: users 80 %, characters 70 %, conversations 60 %',
      columns: [
        { key: 'requests', title: 'requests', unit: 'count' },
        { key: 'left', title: 'statements', unit: 'count' },
        { key: 'all', title: 'statements without', unit: 'count' },
        { key: 'saved', title: 'saved', unit: 'text' },
        { key: 'p50', title: 'p50', unit: 'time' },
        { key: 'p99', title: 'p99', unit: 'time' },
        { key: 'p50Without', title: 'p50 without', unit: 'time' },
        { key: 'p99Without', title: 'p99 without', unit: 'time' },
      ],
      rows: areas.flatMap((area) => [
        areaRow(area, cached, uncached),
        ...cached
          .filter((tally) => tally.area === area)
          .sort((a, b) => Number(a.writes) - Number(b.writes) || b.requests - a.requests)
          .map((tally) => kindRow(tally, uncached)),
      ]),
      notes: [
        'Latencies are those of a client on the same machine, HTTP and token checks included. A database across a network makes the difference larger.',
      ],
    };
  },
};
