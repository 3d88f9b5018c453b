import type { BenchContext, Measured } from './bench-case.js';
import { startChild, type Child } from './child-process.js';
import { LIMIT } from './contenders/limit.js';
import { interleave, ratios, spreadOf, type Samples } from './measure.js';
import type { Column, Row } from './result.js';
import { workloads, type WorkloadName } from './workloads.js';

const ROUNDS = 40;
const QUICK_ROUNDS = 3;
const BATCH_MS = 40;
const QUICK_BATCH_MS = 5;
const WARM_UP_MS = 1_500;
const QUICK_WARM_UP_MS = 20;

interface Timed {
  samples: Samples;
  /** Nanoseconds of processor time per read, by library. */
  cpu: ReadonlyMap<string, number>;
  notes: string[];
}

/** Times every library at a workload against the limit: a process each, one of them at work at a time. */
async function timeWorkload(context: BenchContext, workload: WorkloadName): Promise<Timed> {
  const children = new Map<string, Child>();
  const rounds = context.quick ? QUICK_ROUNDS : ROUNDS;
  try {
    for (const library of [LIMIT, ...context.contenders.map(({ name }) => name)]) {
      context.progress(`opening ${library}`);
      const child = startChild(new URL('./children/lane.js', import.meta.url));
      children.set(library, child);
      const takesPart = await child.ask<boolean>('open', { workload, library, url: context.redis.url });
      if (takesPart) continue;
      children.delete(library);
      await child.end();
    }
    const samples = await interleave(
      [...children].map(([name, child]) => ({
        name,
        run: (operations: number) => child.ask<number>('run', operations),
      })),
      {
        rounds,
        batchMs: context.quick ? QUICK_BATCH_MS : BATCH_MS,
        warmUpMs: context.quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
        onRound: (round) => context.progress(`round ${round} of ${rounds}`),
      },
    );
    const cpu = await answers<number>(children, 'cpuPerRead', rounds);
    return { samples, cpu, notes: workloads[workload].entries ? await reloadNotes(children) : [] };
  } finally {
    await Promise.all([...children.values()].map((child) => child.end()));
  }
}

async function answers<T>(
  children: ReadonlyMap<string, Child>,
  question: string,
  input?: unknown,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (const [name, child] of children) found.set(name, await child.ask<T>(question, input));
  return found;
}

/** What is said about libraries that asked the source although the entry was there. */
const reloadNotes = async (children: ReadonlyMap<string, Child>): Promise<string[]> =>
  [...(await answers<number>(children, 'loads'))]
    .filter(([, loads]) => loads > 0)
    .map(([name, loads]) => `${name}: ${loads.toLocaleString('en')} of the reads went to the source.`);

const CPU: Column = { key: 'cpu', title: 'processor time', unit: 'time' };

/** The rows with the processor time of each. */
const withCpu = (rows: readonly Row[], { cpu }: Timed): Row[] =>
  rows.map((row) => ({ ...row, cells: { ...row.cells, cpu: cpu.get(row.name) ?? null } }));

/** By time per call; at most `bar` times the limit's is good. */
export async function measureTime(
  context: BenchContext,
  workload: WorkloadName,
  bar: number,
): Promise<Omit<Measured, 'how'>> {
  const timed = await timeWorkload(context, workload);
  const { samples, notes } = timed;
  const limit = samples.get(LIMIT)!;
  const row = ({ name }: { name: string }): Row => {
    const own = samples.get(name);
    if (!own) return { name, cells: { time: null, ratio: null } };
    const ratio = spreadOf(ratios(own, limit));
    return { name, cells: { time: spreadOf(own), ratio }, met: ratio.median <= bar };
  };
  return {
    bar: `at most ${bar} × the limit's time`,
    columns: [
      { key: 'time', title: 'time per call', unit: 'time' },
      { key: 'ratio', title: 'time / limit', unit: 'ratio' },
      CPU,
    ],
    rows: withCpu(
      [{ name: LIMIT, cells: { time: spreadOf(limit), ratio: 1 } }, ...context.contenders.map(row)],
      timed,
    ),
    notes,
  };
}

/** By reads per second; at least `bar` times the limit's is good. */
export async function measureRate(
  context: BenchContext,
  workload: WorkloadName,
  bar: number,
): Promise<Omit<Measured, 'how'>> {
  const timed = await timeWorkload(context, workload);
  const { samples, notes } = timed;
  const names = context.contenders.map(({ name }) => name);
  return {
    bar: `at least ${bar} × the limit's rate`,
    columns: [...rateColumns, CPU],
    rows: withCpu(rateRows(samples, names, bar), timed),
    notes,
  };
}

export const rateColumns: readonly Column[] = [
  { key: 'rate', title: 'per second', unit: 'rate' },
  { key: 'ratio', title: 'rate / limit', unit: 'ratio' },
];

/** The limit's row and one a name; a gap for a name that was not timed. */
export function rateRows(samples: Samples, names: readonly string[], bar: number): Row[] {
  const limit = samples.get(LIMIT)!;
  const perSecond = (times: readonly number[]): number[] => times.map((ns) => 1e9 / ns);
  const row = (name: string): Row => {
    const own = samples.get(name);
    if (!own) return { name, cells: { rate: null, ratio: null } };
    const ratio = spreadOf(ratios(limit, own));
    return { name, cells: { rate: spreadOf(perSecond(own)), ratio }, met: ratio.median >= bar };
  };
  const limitRow = { name: LIMIT, cells: { rate: spreadOf(perSecond(limit)), ratio: 1 } };
  return [limitRow, ...names.map(row)];
}
