import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheService, type CacheStats } from '@rapport/cache';
import { Metrics, type Sample } from './metrics.js';

interface Counted {
  name: string;
  of: Exclude<keyof CacheStats, 'name'>;
  help: string;
}

const COUNTED: readonly Counted[] = [
  { name: 'hits', of: 'hits', help: 'Reads answered from either tier.' },
  { name: 'misses', of: 'misses', help: 'Reads that had to ask the source.' },
  { name: 'loads', of: 'loads', help: 'Times the source was asked.' },
  { name: 'load_errors', of: 'loadErrors', help: 'Times the source failed.' },
  { name: 'evictions', of: 'evictions', help: 'Entries dropped because what they show has changed.' },
  { name: 'stale_hits', of: 'staleHits', help: 'Reads answered with an entry that was being renewed.' },
  { name: 'bypasses', of: 'bypasses', help: 'Reads that went to the source because Redis was of no use.' },
  { name: 'errors', of: 'errors', help: 'Failures of the cache itself; none reaches a caller.' },
];

/** The statistics of the caches, by the caches' names. */
@Injectable()
export class CacheMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly cache: CacheService,
  ) {}

  onModuleInit(): void {
    for (const { name, of, help } of COUNTED) {
      this.metrics.readCounter({
        name: `cache_${name}_total`,
        help,
        labels: ['cache'],
        read: () => this.byCache((cache) => cache[of]),
      });
    }
    this.metrics.readGauge({
      name: 'cache_entries',
      help: 'Entries in this process.',
      labels: ['cache'],
      read: () => this.byCache(({ keys }) => keys),
    });
    this.metrics.readGauge({
      name: 'cache_pending_evictions',
      help: 'Evicts that Redis has not acknowledged yet.',
      read: () => this.cache.stats().pendingEvictions,
    });
    this.metrics.readGauge({
      name: 'cache_bypassed',
      help: '1 while Redis is configured and the caches go without it.',
      read: () => (this.cache.stats().mode === 'bypass' ? 1 : 0),
    });
  }

  private byCache(value: (cache: CacheStats) => number): Sample<'cache'>[] {
    return this.cache.stats().caches.map((cache) => ({ labels: { cache: cache.name }, value: value(cache) }));
  }
}
