import type { BenchCase } from '../bench-case.js';
import { measureRate } from '../throughput.js';
import { WIDTH, workloads } from '../workloads.js';

const BAR = 0.85;

const reads = (workload: 'l2-hit' | 'l2-hit-promoted'): string =>
  `${WIDTH} reads at a time over ${workloads[workload].entries.toLocaleString('en')} entries. Limit: ioredis with auto-pipelining, GET and JSON.parse.`;

export const l2Hit: BenchCase = {
  name: 'l2-hit',
  title: 'L2 hit',
  run: async (context) => ({
    how: `The tier in the process is switched off, as each library allows it. ${reads('l2-hit')}`,
    ...(await measureRate(context, 'l2-hit', BAR)),
  }),
};

export const l2HitPromoted: BenchCase = {
  name: 'l2-hit-promoted',
  title: 'L2 hit that enters L1',
  run: async (context) => ({
    how: `Both tiers; the one in the process holds ${workloads['l2-hit-promoted'].l1Entries} entries and never the one that is asked for. ${reads('l2-hit-promoted')}`,
    ...(await measureRate(context, 'l2-hit-promoted', BAR)),
  }),
};
