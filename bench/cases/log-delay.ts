import type { BenchCase } from '../bench-case.js';
import { LIMIT } from '../contenders/limit.js';
import { quantile } from '../measure.js';
import { delaysOf, onStages, RAPPORT } from '../realtime/stage.js';
import type { Row } from '../result.js';

const BAR_MS = 1.5;
const SAMPLES = 2_000;
const WARM_UP = 300;

export const logDelay: BenchCase = {
  name: 'log-delay',
  title: 'What the event log adds on the way to a socket of another instance',
  run: async (context) => {
    const warmUp = context.quick ? 1 : WARM_UP;
    const samples = warmUp + (context.quick ? 10 : SAMPLES);
    const delays = await onStages(context, { processes: 1, atInstance: [0, 1] }, (stages) =>
      delaysOf(stages, samples, (sample) => context.progress(`${sample + 1} of ${samples}`)),
    );
    const of = (name: string, q: number): number => quantile(delays.get(name)!.slice(warmUp), q);
    const added = (q: number): number => of(RAPPORT, q) - of(LIMIT, q);
    const rows: Row[] = [
      { name: LIMIT, cells: { p50: of(LIMIT, 0.5), p99: of(LIMIT, 0.99), added: null, added99: null } },
      {
        name: RAPPORT,
        cells: { p50: of(RAPPORT, 0.5), p99: of(RAPPORT, 0.99), added: added(0.5), added99: added(0.99) },
        met: added(0.5) <= BAR_MS * 1e6,
      },
    ];
    return {
      how: 'From the append to the event log of one instance until the only client, an official one at the other instance, has the event; one message at a time, the two in turn. Limit: bare Socket.IO with the sharded Redis adapter, from `io.to(room).emit()`.',
      bar: `at most ${BAR_MS} ms more than the limit, p50`,
      columns: [
        { key: 'p50', title: 'p50', unit: 'time' },
        { key: 'p99', title: 'p99', unit: 'time' },
        { key: 'added', title: 'p50 − limit', unit: 'time' },
        { key: 'added99', title: 'p99 − limit', unit: 'time' },
      ],
      rows,
    };
  },
};
