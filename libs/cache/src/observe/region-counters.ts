import { LatencyHistogram } from './latency-histogram.js';

/** What happened in one cache of this process since it started. */
export class RegionCounters {
  localHits = 0;
  remoteHits = 0;
  /** Calls that waited for a load another call had begun. */
  coalesced = 0;
  misses = 0;
  /** Reads answered with a value beyond its `ttl`, because the cache allows it. */
  staleHits = 0;
  /** Loads in the background, for entries that were due. */
  refreshes = 0;
  loads = 0;
  loadErrors = 0;
  /** Reads that went to the loader because the cache must not or could not answer. */
  bypasses = 0;
  errors = 0;
  evictions = 0;
  fills = 0;
  /** Fills that came after an evict, and were not stored. */
  fillsRefused = 0;
  bytesRead = 0;
  bytesWritten = 0;
  /** Of loads that succeeded. */
  readonly loadTimes = new LatencyHistogram();
  /** Of reads that left the process's own copy; hits of L1 are not timed. */
  readonly latency = new LatencyHistogram();
}
