import { tiersOf, type Contender, type OpenCache, type Tiers } from './contenders/contender.js';
import { mapLimit, redisLimit } from './contenders/limit.js';
import { concurrently } from './measure.js';

/** How many reads are open at a time where Redis is asked. */
export const WIDTH = 64;

/** One kind of read, repeated. */
export interface Workload {
  readonly limit: Contender;
  /** Undefined leaves a library out. */
  readonly tiers: (contender: Contender) => Tiers | undefined;
  readonly refills: boolean;
  readonly l1Entries: number;
  /** Entries that are there before the clock starts; none for a workload of misses. */
  readonly entries: number;
  /** Reads, over the entries again and again, or always new ones. */
  readonly run: (cache: OpenCache, operations: number, reads: ReadIds) => Promise<void>;
}

/** The id of the next read. */
export type ReadIds = () => string;

const sequentially: Workload['run'] = async (cache, operations, next) => {
  for (let done = 0; done < operations; done++) await cache.read(next());
};

const together: Workload['run'] = (cache, operations, next) =>
  concurrently(WIDTH, operations, () => cache.read(next()));

const both = (contender: Contender): Tiers | undefined =>
  tiersOf(contender) === 'both' ? 'both' : undefined;

export const workloads = {
  'l1-hit': {
    limit: mapLimit,
    tiers: tiersOf,
    refills: false,
    l1Entries: 10_000,
    entries: 128,
    run: sequentially,
  },
  'l2-hit': {
    limit: redisLimit,
    tiers: () => 'l2',
    refills: true,
    l1Entries: 10_000,
    entries: 4_000,
    run: together,
  },
  'l2-hit-promoted': {
    limit: redisLimit,
    tiers: (contender) => (contender === redisLimit ? 'l2' : both(contender)),
    refills: true,
    // Each entry was used longest ago when its turn comes, so it never is in the process.
    l1Entries: 100,
    entries: 4_000,
    run: together,
  },
  miss: {
    limit: redisLimit,
    tiers: (contender) => both(contender) ?? 'l2',
    refills: true,
    l1Entries: 1_000,
    entries: 0,
    run: together,
  },
} satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;
