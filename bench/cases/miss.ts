import type { BenchCase } from '../bench-case.js';
import { connect } from '../contenders/connection.js';
import { TTL_MS, tiersOf } from '../contenders/contender.js';
import { makeItem } from '../item.js';
import { concurrently, type Lane } from '../measure.js';
import { closeAll, openCaches } from '../open-caches.js';
import { LIMIT, rateColumns, rateRows, timeLanes } from '../throughput.js';

const WIDTH = 64;
const BAR = 0.5;

/** Never asks for the same entry twice. */
function fresh(name: string, read: (id: string) => Promise<unknown>): Lane {
  let next = 0;
  return { name, run: (operations) => concurrently(WIDTH, operations, () => read(`item-${next++}`)) };
}

export const miss: BenchCase = {
  name: 'miss',
  title: 'Miss, load, fill',
  run: async (context) => {
    const caches = await openCaches(context, {
      tiers: (contender) => (tiersOf(contender) === 'both' ? 'both' : 'l2'),
      l1Entries: 1_000,
    });
    const redis = await connect(context.redis.url);
    const limit = fresh(LIMIT, async (id) => {
      const found = await redis.get(`raw:${id}`);
      if (found !== null) return JSON.parse(found) as unknown;
      const item = makeItem(id);
      await redis.set(`raw:${id}`, JSON.stringify(item), 'PX', TTL_MS);
      return item;
    });
    const samples = await timeLanes(context, [
      limit,
      ...caches.map(({ name, cache }) => fresh(name, (id) => cache.read(id))),
    ]);
    await closeAll(caches);
    redis.disconnect();
    return {
      how: `${WIDTH} reads at a time of entries that nobody has; the source answers at once. Limit: ioredis with auto-pipelining, GET, then SET.`,
      bar: `at least ${BAR} × the limit's rate`,
      columns: rateColumns,
      rows: rateRows(
        samples,
        context.contenders.map(({ name }) => name),
        BAR,
      ),
    };
  },
};
