import type { BenchCase, BenchContext } from '../bench-case.js';
import { tiersOf, type Contender } from '../contenders/contender.js';
import { makeItem } from '../item.js';
import { spreadOf } from '../measure.js';
import type { Cell, Row } from '../result.js';

const PATIENCE_MS = 4_000;
/** What the library may add to a source that answers at once, with a turn of the event loop. */
const BAR_MS = 60;

const now = (): number => Number(process.hrtime.bigint());

/** Nanoseconds until the answer; Infinity when there was none in time, NaN when the read failed. */
async function answerTime(read: () => Promise<unknown>): Promise<number> {
  const started = now();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(Infinity), PATIENCE_MS);
  });
  const answered = read().then(
    () => now() - started,
    () => Number.NaN,
  );
  const time = await Promise.race([answered, patience]);
  clearTimeout(timer);
  return time;
}

interface Times {
  cold: number[];
  again: number[];
  held: number[];
}

async function measure(context: BenchContext, contender: Contender): Promise<Times> {
  const times: Times = { cold: [], again: [], held: [] };
  const runs = context.quick ? 1 : 3;
  for (let run = 0; run < runs; run++) {
    context.progress(`${contender.name}, run ${run + 1} of ${runs}`);
    const cache = await contender.open({
      url: context.redis.url,
      namespace: `${contender.name}-hung-${run}`,
      tiers: tiersOf(contender) === 'both' ? 'both' : 'l2',
      refills: true,
      l1Entries: 1_000,
      load: async (id) => makeItem(id),
    });
    try {
      for (let time = 0; time < 2; time++) await cache.read('held');
      context.redis.pause();
      times.held.push(await answerTime(() => cache.read('held')));
      times.cold.push(await answerTime(() => cache.read('cold-1')));
      times.again.push(await answerTime(() => cache.read('cold-2')));
    } finally {
      context.redis.resume();
      await cache.close();
    }
  }
  return times;
}

function cell(samples: readonly number[]): Cell {
  if (samples.some(Number.isNaN)) return 'failed';
  return samples.includes(Infinity) ? `no answer in ${PATIENCE_MS / 1_000} s` : spreadOf(samples);
}

export const hungRedis: BenchCase = {
  name: 'hung-redis',
  title: 'Redis hangs',
  run: async (context) => {
    const rows: Row[] = [];
    for (const contender of context.contenders) {
      const { held, cold, again } = await measure(context, contender);
      const worst = Math.max(...held, ...cold, ...again);
      rows.push({
        name: contender.name,
        cells: { held: cell(held), cold: cell(cold), again: cell(again) },
        met: worst <= BAR_MS * 1e6,
      });
    }
    return {
      how: 'Redis is stopped (SIGSTOP), its connections stay open, the source answers at once. Time until a read has its answer: of an entry that was read just before, of two that were not.',
      bar: `at most ${BAR_MS} ms`,
      columns: [
        { key: 'held', title: 'entry read before', unit: 'time' },
        { key: 'cold', title: 'first cold read', unit: 'time' },
        { key: 'again', title: 'second cold read', unit: 'time' },
      ],
      rows,
    };
  },
};
