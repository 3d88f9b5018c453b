import type { BenchContext } from './bench-case.js';
import { interleave, ratios, spreadOf, type Lane, type Samples } from './measure.js';
import type { Column, Row } from './result.js';

/** The row of the limit in every table. */
export const LIMIT = 'limit';

const ROUNDS = 40;
const QUICK_ROUNDS = 3;
const BATCH_MS = 40;
const QUICK_BATCH_MS = 5;

/** Times the lanes against each other, with the rounds and batches of the run. */
export function timeLanes(context: BenchContext, lanes: readonly Lane[]): Promise<Samples> {
  const rounds = context.quick ? QUICK_ROUNDS : ROUNDS;
  return interleave(lanes, {
    rounds,
    batchMs: context.quick ? QUICK_BATCH_MS : BATCH_MS,
    onRound: (round) => context.progress(`round ${round} of ${rounds}`),
  });
}

export const timeColumns: readonly Column[] = [
  { key: 'time', title: 'time per call', unit: 'time' },
  { key: 'ratio', title: 'time / limit', unit: 'ratio' },
];

export const rateColumns: readonly Column[] = [
  { key: 'rate', title: 'per second', unit: 'rate' },
  { key: 'ratio', title: 'rate / limit', unit: 'ratio' },
];

/** Rows by time per call; at most `bar` times the limit's is good. */
export function timeRows(samples: Samples, names: readonly string[], bar: number): Row[] {
  const limit = samples.get(LIMIT)!;
  const row = (name: string): Row => {
    const own = samples.get(name);
    if (!own) return { name, cells: { time: null, ratio: null } };
    const ratio = spreadOf(ratios(own, limit));
    return { name, cells: { time: spreadOf(own), ratio }, met: ratio.median <= bar };
  };
  return [limitRow('time', spreadOf(limit)), ...names.map(row)];
}

/** Rows by calls per second; at least `bar` times the limit's is good. */
export function rateRows(samples: Samples, names: readonly string[], bar: number): Row[] {
  const limit = samples.get(LIMIT)!;
  const perSecond = (times: readonly number[]): number[] => times.map((ns) => 1e9 / ns);
  const row = (name: string): Row => {
    const own = samples.get(name);
    if (!own) return { name, cells: { rate: null, ratio: null } };
    const ratio = spreadOf(ratios(limit, own));
    return { name, cells: { rate: spreadOf(perSecond(own)), ratio }, met: ratio.median >= bar };
  };
  return [limitRow('rate', spreadOf(perSecond(limit))), ...names.map(row)];
}

const limitRow = (key: string, value: ReturnType<typeof spreadOf>): Row => ({
  name: LIMIT,
  cells: { [key]: value, ratio: 1 },
});
