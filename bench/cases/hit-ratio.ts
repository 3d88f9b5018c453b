import type { BenchCase } from '../bench-case.js';
import { Clock, Lru, WTinyLfu, type Policy } from '../hit-ratio/policies.js';
import { localHits } from '../hit-ratio/this-cache.js';
import { KEYS, traces, type Trace } from '../hit-ratio/traces.js';
import type { Column, Row } from '../result.js';

const SHARES = [0.01, 0.1];
/** The caches fill meanwhile. */
const UNCOUNTED = 0.2;

const policies: Readonly<Record<string, (size: number) => Policy>> = {
  lru: (size) => new Lru(size),
  clock: (size) => new Clock(size),
  wTinyLfu: (size) => new WTinyLfu(size),
};

const columns: readonly Column[] = [
  { key: 'rapport', title: 'rapport', unit: 'text' },
  { key: 'lru', title: 'LRU', unit: 'text' },
  { key: 'clock', title: 'CLOCK', unit: 'text' },
  { key: 'wTinyLfu', title: 'W-TinyLFU', unit: 'text' },
];

function hitsOf(policy: Policy, requests: readonly number[], counted: number): number {
  let hits = 0;
  for (const [at, name] of requests.entries()) if (policy.ask(name) && at >= counted) hits++;
  return hits;
}

async function rowOf({ name, requests }: Trace, share: number, count: number): Promise<Row> {
  const size = share * KEYS;
  const asked = requests(count, size);
  const counted = UNCOUNTED * count;
  const percent = (hits: number): string => `${((100 * hits) / (count - counted)).toFixed(1)} %`;
  const cells: Record<string, string> = { rapport: percent(await localHits(asked, size, counted)) };
  for (const [key, open] of Object.entries(policies))
    cells[key] = percent(hitsOf(open(size), asked, counted));
  return { name: `${name}; cache of ${size.toLocaleString('en')}`, cells };
}

export const hitRatio: BenchCase = {
  name: 'hit-ratio',
  title: 'Hit ratio of L1',
  run: async ({ quick, progress }) => {
    const count = quick ? 20_000 : 400_000;
    const rows: Row[] = [];
    for (const trace of traces) {
      for (const share of SHARES) {
        progress(trace.name);
        rows.push(await rowOf(trace, share, count));
      }
    }
    return {
      how: `${count.toLocaleString('en')} requests with a fixed seed, over ${KEYS.toLocaleString('en')} entries where the trace has a fixed set; the first fifth fills the caches and does not count. The other policies are simulations.`,
      columns,
      rows,
      notes: [
        'Made traces: recorded ones from real services are public, but none is part of this repository.',
        'Newest first: every fourth request is for a new entry, the others for one that came as long ago as chance says, on average 0.2 × the size of the cache.',
      ],
    };
  },
};
