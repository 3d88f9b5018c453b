export class CacheCounters {
  name!: string;
  hits!: number;
  misses!: number;
  errors!: number;
  evictions!: number;
  /** Hits of hits and misses, from 0 to 1. */
  hitRate!: number;
  /** 99th percentile of the reads that this process did not have, loader included, in ms. */
  p99Ms!: number;
  /** Entries in this process. */
  keys!: number;
}

export class CacheReport {
  /** redis: two tiers; memory: this process only; bypass: Redis is away, reads go to the source. */
  mode!: 'redis' | 'memory' | 'bypass';
  breaker!: 'closed' | 'open' | 'half-open';
  caches!: CacheCounters[];
  /** When counting began. */
  since!: string;
}
