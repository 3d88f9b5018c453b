import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { tiersOf, type Contender } from '../contenders/contender.js';
import { makeItem } from '../item.js';
import type { Row } from '../result.js';

/** How long the load goes on after the evict was acknowledged. */
const REST_MS = 70;
const RUNS = 5;

interface Outcome {
  /** A read that began after the evict was acknowledged. */
  rightAfter: boolean;
  /** A read after the slow load had ended as well. */
  later: boolean;
}

/** A slow load begins, the source changes, the entry is evicted; then the old value is looked for. */
async function cross(context: BenchContext, contender: Contender, run: number): Promise<Outcome> {
  let current = 1;
  let hasRead = (): void => undefined;
  let end = (): void => undefined;
  const sourceWasRead = new Promise<void>((resolve) => (hasRead = resolve));
  const slowLoadMayEnd = new Promise<void>((resolve) => (end = resolve));
  const cache = await contender.open({
    url: context.redis.url,
    namespace: `${contender.name}-crossing-${run}`,
    tiers: tiersOf(contender) === 'both' ? 'both' : 'l2',
    refills: true,
    l1Entries: 1_000,
    load: async (id) => {
      const item = makeItem(id, current);
      hasRead();
      if (item.revision === 1) await slowLoadMayEnd;
      return item;
    },
  });
  const slow = cache.read('item');
  await sourceWasRead;
  current = 2;
  await cache.evict('item');
  const rightAfter = cache.read('item');
  await sleep(REST_MS);
  end();
  await slow;
  // The fill of the slow load, where a library does not wait for it itself.
  await sleep(20);
  const later = cache.read('item');
  const outcome = { rightAfter: (await rightAfter).revision !== 2, later: (await later).revision !== 2 };
  await cache.close();
  return outcome;
}

export const crossingEvict: BenchCase = {
  name: 'crossing-evict',
  title: 'A slow load crosses an acknowledged evict',
  run: async (context) => {
    const rows: Row[] = [];
    for (const contender of context.contenders) {
      const outcomes: Outcome[] = [];
      for (let run = 0; run < RUNS; run++) {
        context.progress(`${contender.name}, run ${run + 1} of ${RUNS}`);
        outcomes.push(await cross(context, contender, run));
      }
      const rightAfter = outcomes.filter((outcome) => outcome.rightAfter).length;
      const later = outcomes.filter((outcome) => outcome.later).length;
      const told = (stale: number): string => (stale ? `yes, ${stale} of ${RUNS}` : 'no');
      rows.push({
        name: contender.name,
        cells: { rightAfter: told(rightAfter), later: told(later) },
        met: rightAfter === 0 && later === 0,
      });
    }
    return {
      how: `A load has read the source; then the source changes and the entry is evicted; the load ends ${REST_MS} ms after the evict was acknowledged. Does a read that begins after that answer with the old value: at once, and when the slow load is over?`,
      bar: 'never',
      columns: [
        { key: 'rightAfter', title: 'stale right after the evict', unit: 'text' },
        { key: 'later', title: 'stale after the slow load', unit: 'text' },
      ],
      rows,
    };
  },
};
