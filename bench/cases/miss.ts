import type { BenchCase } from '../bench-case.js';
import { measureRate } from '../throughput.js';
import { WIDTH } from '../workloads.js';

export const miss: BenchCase = {
  name: 'miss',
  title: 'Miss, load, fill',
  run: async (context) => ({
    how: `${WIDTH} reads at a time of entries that nobody has; the source answers at once. Limit: ioredis with auto-pipelining, GET, then SET.`,
    ...(await measureRate(context, 'miss', 0.5)),
  }),
};
