import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { tiersOf } from '../contenders/contender.js';
import { concurrently, quantile, spreadOf } from '../measure.js';
import { closeAll, openCaches, type CountedCache } from '../open-caches.js';
import type { Cell, Row } from '../result.js';

const WIDTH = 64;
const SETTLE_MS = 50;
/** Entries under the tag, and how often each size is tried. */
const SIZES = [
  { entries: 1, rounds: 30 },
  { entries: 1_000, rounds: 10 },
  { entries: 100_000, rounds: 3 },
];
const QUICK_SIZES = [
  { entries: 1, rounds: 3 },
  { entries: 10, rounds: 2 },
  { entries: 100, rounds: 2 },
];
/** Noise of single calls; what grows with the entries is far above it. */
const SAME = 3;

const now = (): number => Number(process.hrtime.bigint());

/** Fills the tag, times its evict, and makes sure that an entry is gone. */
async function timeEvict({ cache, loads }: CountedCache, entries: number, round: number): Promise<number> {
  const tag = `${entries}-${round}`;
  await concurrently(WIDTH, entries, (index) => cache.read(`${tag}/${index}`));
  // What the fills left to do in the background is not the price of the evict.
  await sleep(SETTLE_MS);
  const started = now();
  await cache.evictTag!(tag);
  const elapsed = now() - started;
  const before = loads();
  await cache.read(`${tag}/${entries - 1}`);
  return loads() > before ? elapsed : Number.NaN;
}

async function measure(
  context: BenchContext,
  caches: readonly CountedCache[],
): Promise<Map<string, number[][]>> {
  const sizes = context.quick ? QUICK_SIZES : SIZES;
  const times = new Map(caches.map(({ name }) => [name, sizes.map((): number[] => [])]));
  for (const [at, { entries, rounds }] of sizes.entries()) {
    for (let round = 0; round < rounds; round++) {
      for (const counted of caches) {
        context.progress(`${entries.toLocaleString('en')} entries, round ${round + 1}: ${counted.name}`);
        times.get(counted.name)![at]!.push(await timeEvict(counted, entries, round));
      }
    }
  }
  return times;
}

function rowOf(name: string, times: readonly number[][] | undefined): Row {
  if (!times) return { name, cells: { few: null, some: null, many: null, growth: null } };
  const cell = (samples: readonly number[]): Cell =>
    samples.some(Number.isNaN) ? 'still there' : spreadOf(samples);
  const [few, some, many] = times as [number[], number[], number[]];
  const growth = quantile(many, 0.5) / quantile(few, 0.5);
  return {
    name,
    cells: { few: cell(few), some: cell(some), many: cell(many), growth },
    met: growth <= SAME,
  };
}

export const tagEvict: BenchCase = {
  name: 'tag-evict',
  title: 'Evicting a tag',
  run: async (context) => {
    const tagged = context.contenders.filter(({ abilities }) => abilities.includes('tags'));
    const caches = await openCaches(
      { ...context, contenders: tagged },
      {
        tiers: (contender) => (tiersOf(contender) === 'both' ? 'both' : 'l2'),
        l1Entries: 200_000,
        tagOf: (id) => id.split('/', 1)[0]!,
      },
    );
    const times = await measure(context, caches);
    await closeAll(caches);
    const [few, some, many] = (context.quick ? QUICK_SIZES : SIZES).map(({ entries }) =>
      entries.toLocaleString('en'),
    );
    return {
      how: 'The time until the library says that the entries under a tag are gone; afterwards one of them is read and has to be loaded again.',
      bar: `the same time for any number of entries (largest / smallest at most ${SAME}, which is the noise of single calls)`,
      columns: [
        { key: 'few', title: `${few} entry`, unit: 'time' },
        { key: 'some', title: `${some} entries`, unit: 'time' },
        { key: 'many', title: `${many} entries`, unit: 'time' },
        { key: 'growth', title: 'largest / smallest', unit: 'ratio' },
      ],
      rows: context.contenders.map(({ name }) => rowOf(name, times.get(name))),
    };
  },
};
