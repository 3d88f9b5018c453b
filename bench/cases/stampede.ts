import type { BenchCase, BenchContext } from '../bench-case.js';
import { startChild } from '../child-process.js';
import { tiersOf } from '../contenders/contender.js';
import type { Row } from '../result.js';

const PROCESSES = 4;
const LOAD_MS = 100;
const WARM_UP_RUNS = 3;
/** Time for the order to reach every process, so that all begin at the same moment. */
const LEAD_MS = 150;

/** Loads of one cold entry, asked for by that many processes at the same moment; one figure a run. */
async function loadsOfOneEntry(context: BenchContext, name: string, processes: number): Promise<number[]> {
  const runs = context.quick ? 1 : 5;
  const calls = 1_000 / processes;
  const contender = context.contenders.find((one) => one.name === name)!;
  const tiers = tiersOf(contender) === 'both' ? 'both' : 'l2';
  const children = Array.from({ length: processes }, () =>
    startChild(new URL('../children/reader.js', import.meta.url)),
  );
  try {
    const namespace = `${name}-${processes}`;
    const setup = { contender: name, url: context.redis.url, namespace, tiers, loadMs: LOAD_MS };
    await Promise.all(children.map((child) => child.ask('open', setup)));
    const readTogether = async (id: string): Promise<number> => {
      const order = { contender: name, id, calls, at: Date.now() + LEAD_MS };
      const each = await Promise.all(children.map((child) => child.ask<number>('readTogether', order)));
      return each.reduce((sum, count) => sum + count, 0);
    };
    // The entry is cold, the processes are not.
    for (let run = 0; run < WARM_UP_RUNS; run++) await readTogether(`warm-up-${run}`);
    const loads: number[] = [];
    for (let run = 0; run < runs; run++) loads.push(await readTogether(`cold-${run}`));
    return loads;
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}

const most = (loads: readonly number[]): number => Math.max(...loads);

export const stampede: BenchCase = {
  name: 'stampede',
  title: 'One load for a thousand readers',
  run: async (context) => {
    const rows: Row[] = [];
    for (const { name } of context.contenders) {
      context.progress(name);
      const one = await loadsOfOneEntry(context, name, 1);
      const several = await loadsOfOneEntry(context, name, PROCESSES);
      rows.push({
        name,
        cells: { one: most(one), several: most(several) },
        met: most(one) === 1 && most(several) === 1,
      });
    }
    return {
      how: `1,000 reads of a cold entry at the same moment, from one process and from ${PROCESSES} (250 each); a load takes ${LOAD_MS} ms. The most loads of any run.`,
      bar: 'exactly 1 load',
      columns: [
        { key: 'one', title: 'loads, 1 process', unit: 'count' },
        { key: 'several', title: `loads, ${PROCESSES} processes`, unit: 'count' },
      ],
      rows,
    };
  },
};
