import type { BenchCase, BenchContext, Measured } from '../bench-case.js';
import { connect } from '../contenders/connection.js';
import { tiersOf } from '../contenders/contender.js';
import { makeItem, type Item } from '../item.js';
import { concurrently, type Lane } from '../measure.js';
import { closeAll, loadsOf, openCaches, reloadNotes, type OpenOptions } from '../open-caches.js';
import { LIMIT, rateColumns, rateRows, timeLanes } from '../throughput.js';

const WIDTH = 64;
const BAR = 0.85;
const IDS = Array.from({ length: 4_000 }, (_, index) => `item-${index}`);

/** Goes round all entries again and again, so that each was used longest ago when its turn comes. */
function rounds(name: string, read: (id: string) => Promise<unknown>): Lane {
  let at = 0;
  return {
    name,
    run: (operations) => concurrently(WIDTH, operations, () => read(IDS[at++ % IDS.length]!)),
  };
}

async function measure(context: BenchContext, options: OpenOptions, how: string): Promise<Measured> {
  const caches = await openCaches(context, options);
  const redis = await connect(context.redis.url);
  await concurrently(WIDTH, IDS.length, (index) =>
    redis.set(`raw:${IDS[index]!}`, JSON.stringify(makeItem(IDS[index]!))),
  );
  for (const { name, cache } of caches) {
    context.progress(`filling ${name}`);
    await concurrently(WIDTH, IDS.length, (index) => cache.read(IDS[index]!));
  }
  const before = loadsOf(caches);
  const samples = await timeLanes(context, [
    rounds(LIMIT, async (id) => JSON.parse((await redis.get(`raw:${id}`))!) as Item),
    ...caches.map(({ name, cache }) => rounds(name, (id) => cache.read(id))),
  ]);
  const notes = reloadNotes(caches, before);
  await closeAll(caches);
  redis.disconnect();
  return {
    how: `${how} ${WIDTH} reads at a time over ${IDS.length.toLocaleString('en')} entries. Limit: ioredis with auto-pipelining, GET and JSON.parse.`,
    bar: `at least ${BAR} × the limit's rate`,
    columns: rateColumns,
    rows: rateRows(
      samples,
      context.contenders.map(({ name }) => name),
      BAR,
    ),
    notes,
  };
}

export const l2Hit: BenchCase = {
  name: 'l2-hit',
  title: 'L2 hit',
  run: (context) =>
    measure(
      context,
      { tiers: () => 'l2' },
      'The tier in the process is switched off, as each library allows it.',
    ),
};

export const l2HitPromoted: BenchCase = {
  name: 'l2-hit-promoted',
  title: 'L2 hit that enters L1',
  run: (context) =>
    measure(
      context,
      { tiers: (contender) => (tiersOf(contender) === 'both' ? 'both' : undefined), l1Entries: 100 },
      'Both tiers; the one in the process holds 100 entries and never the one that is asked for.',
    ),
};
