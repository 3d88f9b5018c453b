import { seeded, shuffled, zipf } from './random.js';

/** How many different entries are asked for, where the trace has a fixed set of them. */
export const KEYS = 50_000;

/** A sequence of requests. */
export interface Trace {
  readonly name: string;
  /** The entry that each request is for; some traces are made to the measure of the cache that they are to test. */
  readonly requests: (count: number, cacheSize: number) => number[];
}

const SCAN = 2_000;

const popular = (exponent: number): Trace => ({
  name: `Zipf ${exponent}`,
  requests: (count) => {
    const random = seeded(1);
    const rank = zipf(KEYS, exponent, random);
    const order = shuffled(KEYS, random);
    return Array.from({ length: count }, () => order[rank()]!);
  },
});

/** Between the others, runs over the entries one after the other: an export, a crawler. */
const scanned = (exponent: number, share: number): Trace => ({
  name: `Zipf ${exponent}, ${share * 100} % scans`,
  requests: (count) => {
    const random = seeded(2);
    const rank = zipf(KEYS, exponent, random);
    const order = shuffled(KEYS, random);
    const begins = share / (share + (1 - share) * SCAN);
    let next = 0;
    let left = 0;
    return Array.from({ length: count }, () => {
      if (left === 0 && random() < begins) left = SCAN;
      if (left === 0) return order[rank()]!;
      left--;
      return next++ % KEYS;
    });
  },
});

/** What is popular changes: every so many requests, each rank goes to an entry further on. */
const drifting: Trace = {
  name: 'Zipf 0.99, popularity drifts',
  requests: (count) => {
    const random = seeded(3);
    const rank = zipf(KEYS, 0.99, random);
    const order = shuffled(KEYS, random);
    return Array.from({ length: count }, (_, at) => order[(rank() + 500 * Math.floor(at / 20_000)) % KEYS]!);
  },
};

/** The newest entry is asked for most; every fourth request is for one that is new. */
const newest: Trace = {
  name: 'newest first',
  requests: (count, cacheSize) => {
    const random = seeded(4);
    return Array.from({ length: count }, (_, at) => {
      const latest = Math.floor(at / 4);
      const age = at % 4 === 0 ? 0 : Math.floor(-Math.log(1 - random()) * 0.2 * cacheSize);
      return Math.max(0, latest - age);
    });
  },
};

const loop: Trace = {
  name: 'loop over 1.1 × the cache',
  requests: (count, cacheSize) => {
    const length = Math.floor(1.1 * cacheSize);
    return Array.from({ length: count }, (_, at) => at % length);
  },
};

export const traces: readonly Trace[] = [
  popular(0.8),
  popular(0.99),
  scanned(0.8, 0.1),
  scanned(0.99, 0.1),
  scanned(0.8, 0.5),
  scanned(0.99, 0.5),
  drifting,
  newest,
  loop,
];
