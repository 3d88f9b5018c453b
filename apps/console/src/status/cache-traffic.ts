import type { CacheReport } from '../api/api.types.js';

/** Reads in the time between two reports. */
export interface Traffic {
  hitsPerSecond: number;
  missesPerSecond: number;
}

export interface TrafficLog {
  last?: { atMs: number; since: string; hits: number; misses: number };
  samples: Traffic[];
}

export const MAX_SAMPLES = 60;
export const NO_TRAFFIC: TrafficLog = { samples: [] };

/** Counters only grow, except that a restarted service counts from zero: nothing is known of the time between. */
export function withReport(log: TrafficLog, { caches, since }: CacheReport, atMs: number): TrafficLog {
  const hits = caches.reduce((sum, cache) => sum + cache.hits, 0);
  const misses = caches.reduce((sum, cache) => sum + cache.misses, 0);
  const last = { atMs, since, hits, misses };
  const before = log.last;
  if (!before || before.since !== since || atMs <= before.atMs) return { ...log, last };
  const seconds = (atMs - before.atMs) / 1000;
  const sample = {
    hitsPerSecond: (hits - before.hits) / seconds,
    missesPerSecond: (misses - before.misses) / seconds,
  };
  return { last, samples: [...log.samples, sample].slice(-MAX_SAMPLES) };
}
