import type { Region } from '../region.js';
import type { TierHealth } from '../backend.js';
import type { CacheServiceStats, CacheStats } from './cache-stats.js';

/** A picture of an engine's caches, by name. */
export function engineStats(
  since: Date,
  regions: readonly Region[],
  guard: TierHealth | undefined,
  inStep: boolean,
): CacheServiceStats {
  const breaker = guard?.breakerState ?? 'closed';
  const pendingEvictions = guard?.pendingEvictions ?? 0;
  const usable = breaker === 'closed' && pendingEvictions === 0;
  return {
    mode: guard === undefined ? 'memory' : usable ? 'redis' : 'bypass',
    breaker,
    inStep,
    pendingEvictions,
    caches: regions.map(regionStats).sort((a, b) => (a.name < b.name ? -1 : 1)),
    since: since.toISOString(),
  };
}

function regionStats({ name, counters, local }: Region): CacheStats {
  const { latency, loadTimes: _loadTimes, ...counts } = counters;
  const hits = counts.localHits + counts.remoteHits;
  const asked = hits + counts.misses;
  return {
    name,
    hits,
    hitRate: asked === 0 ? 0 : hits / asked,
    p99Ms: latency.quantileMs(0.99),
    keys: local.size,
    ...counts,
  };
}
