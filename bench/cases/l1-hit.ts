import type { BenchCase } from '../bench-case.js';
import { measureTime } from '../throughput.js';
import { workloads } from '../workloads.js';

export const l1Hit: BenchCase = {
  name: 'l1-hit',
  title: 'L1 hit',
  run: async (context) => ({
    how: `One call after the other, each awaited, over ${workloads['l1-hit'].entries} entries that are in the process. Limit: the same async method answering from a Map.`,
    ...(await measureTime(context, 'l1-hit', 2.5)),
  }),
};
