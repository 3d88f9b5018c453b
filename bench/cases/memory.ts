import type { BenchCase, BenchContext } from '../bench-case.js';
import { startChild, type Child } from '../child-process.js';
import { tiersOf, type Contender } from '../contenders/contender.js';
import type { Row } from '../result.js';
import { LIMIT } from '../contenders/limit.js';

const BAR = 1.3;

const entriesOf = ({ quick }: BenchContext): number => (quick ? 2_000 : 100_000);

async function inChild<T>(work: (child: Child) => Promise<T>): Promise<T> {
  const child = startChild(new URL('../children/holder.js', import.meta.url), ['--expose-gc']);
  try {
    return await work(child);
  } finally {
    await child.end();
  }
}

/** Bytes that the objects take without any cache. */
const bytesAlone = (entries: number): Promise<number> =>
  inChild(async (child) => {
    const before = await child.ask<number>('heldBytes');
    await child.ask('keepAlone', entries);
    return (await child.ask<number>('heldBytes')) - before;
  });

async function rowOf(context: BenchContext, contender: Contender, limit: number): Promise<Row> {
  const tiers = tiersOf(contender);
  const { name } = contender;
  if (!tiers) return { name, cells: { memory: null, ratio: null, reloaded: null } };
  const entries = entriesOf(context);
  return inChild(async (child) => {
    const l1Entries = 2 * entries;
    await child.ask('open', { contender: name, url: context.redis.url, tiers, l1Entries });
    const before = await child.ask<number>('heldBytes');
    // A second time: what a busy machine kept out at first comes in then.
    for (let time = 0; time < 2; time++) await child.ask('fill', entries);
    const memory = (await child.ask<number>('heldBytes')) - before;
    const reloaded = await child.ask<number>('reread', { entries, count: 1_000 });
    const ratio = memory / limit;
    return { name, cells: { memory, ratio, reloaded }, met: ratio <= BAR && reloaded === 0 };
  });
}

export const memory: BenchCase = {
  name: 'memory',
  title: 'Memory of L1',
  run: async (context) => {
    const entries = entriesOf(context);
    context.progress('the objects alone');
    const limit = await bytesAlone(entries);
    const rows: Row[] = [{ name: LIMIT, cells: { memory: limit, ratio: 1, reloaded: null } }];
    for (const contender of context.contenders) {
      context.progress(contender.name);
      rows.push(await rowOf(context, contender, limit));
    }
    return {
      how: `What ${entries.toLocaleString('en')} entries of about 1 KB add to the heap after a collection, each library in a process of its own. Limit: the decoded objects in an array.`,
      bar: `at most ${BAR} × the limit`,
      columns: [
        { key: 'memory', title: 'memory', unit: 'memory' },
        { key: 'ratio', title: 'memory / limit', unit: 'ratio' },
        { key: 'reloaded', title: 'of 1,000 read again, loaded again', unit: 'count' },
      ],
      rows,
    };
  },
};
