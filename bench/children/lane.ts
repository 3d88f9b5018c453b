// One library, or the limit, at one workload, in a process of its own: nothing that another one leaves behind (hooks,
// garbage, optimised code) can make it slower or faster.
import { serveParent } from '../child-process.js';
import type { OpenCache } from '../contenders/contender.js';
import { contenderNamed } from '../contenders/index.js';
import { LIMIT } from '../contenders/limit.js';
import { makeItem } from '../item.js';
import { concurrently, quantile } from '../measure.js';
import { WIDTH, workloads, type ReadIds, type Workload, type WorkloadName } from '../workloads.js';

let workload: Workload;
let cache: OpenCache;
let loads = 0;
let next = 0;
/** Of each batch: processor time of this process, all threads, in nanoseconds per read. */
const cpu: number[] = [];

const nextId: ReadIds = () => `item-${workload.entries ? next++ % workload.entries : next++}`;

serveParent({
  /** Answers whether it can take part; the entries are there then. */
  open: async (input: { workload: WorkloadName; library: string; url: string }) => {
    workload = workloads[input.workload];
    const contender = input.library === LIMIT ? workload.limit : contenderNamed(input.library);
    const tiers = workload.tiers(contender);
    if (!tiers) return false;
    const { refills, l1Entries } = workload;
    cache = await contender.open({
      url: input.url,
      namespace: `${input.library}-${input.workload}`,
      tiers,
      refills,
      l1Entries,
      load: async (id) => {
        loads++;
        return makeItem(id);
      },
    });
    await concurrently(WIDTH, workload.entries, (index) => cache.read(`item-${index}`));
    loads = 0;
    return true;
  },
  /** Answers how long it took, in nanoseconds. */
  run: async (operations: number) => {
    const startCpu = process.cpuUsage();
    const started = process.hrtime.bigint();
    await workload.run(cache, operations, nextId);
    const elapsed = Number(process.hrtime.bigint() - started);
    const { user, system } = process.cpuUsage(startCpu);
    cpu.push(((user + system) * 1_000) / operations);
    return elapsed;
  },
  loads: () => loads,
  /** The median of the last so many batches. */
  cpuPerRead: (batches: number) => quantile(cpu.slice(-batches), 0.5),
});
