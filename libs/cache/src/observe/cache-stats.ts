import type { AuditReport } from './auditor.js';
import type { BreakerState } from '../tiers/breaker.js';

/** One cache as this process has seen it. */
export interface CacheStats {
  name: string;
  hits: number;
  misses: number;
  errors: number;
  evictions: number;
  /** Hits of hits and misses, from 0 to 1; 0 before the first read. */
  hitRate: number;
  /** 99th percentile of the reads that were not answered from L1, loader included, in ms. */
  p99Ms: number;
  /** Entries in L1. */
  keys: number;
  localHits: number;
  remoteHits: number;
  coalesced: number;
  staleHits: number;
  refreshes: number;
  loads: number;
  loadErrors: number;
  bypasses: number;
  fills: number;
  fillsRefused: number;
  bytesRead: number;
  bytesWritten: number;
}

/** The caches of this process. */
export interface CacheServiceStats {
  /** `memory` without Redis; `bypass` while Redis is configured and cannot be used. */
  mode: 'redis' | 'memory' | 'bypass';
  breaker: BreakerState;
  /** Whether L1 is proven to be in step with the other instances. */
  inStep: boolean;
  /** Evicts that Redis has not acknowledged yet. */
  pendingEvictions: number;
  caches: CacheStats[];
  /** Present when answers are audited. */
  audit?: AuditReport;
  /** When counting began, RFC 3339. */
  since: string;
}
