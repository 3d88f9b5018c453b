import type { Bus, BusListener } from './bus/bus.js';
import type { Clock } from './clock.js';
import type { BreakerState } from './tiers/breaker.js';
import type { LocalTier } from './tiers/local-tier.js';
import type { Tier } from './tiers/tier.js';

/** What says whether the shared tier can be used; absent where it always can. */
export interface TierHealth {
  readonly breakerState: BreakerState;
  readonly pendingEvictions: number;
  /** Told of every cache. */
  watch(cache: string): void;
  /** Calls back when the tier stops or starts being used: waits are pointless, what was learnt may be out of date. */
  onChange(listener: () => void): void;
}

/** What an engine stands on: the tier that instances share, the bus between them, and time. */
export interface CacheBackend {
  readonly tier: Tier;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly health?: TierHealth;
  /**
   * The keys of all entries that begin with the text, some at a time; entries that come or go meanwhile may be missing.
   * Costs a look at everything that is stored.
   */
  keys?(prefix: string): AsyncIterable<readonly string[]>;
  /** The process's own tier, where a test wants another one. */
  readonly local?: LocalTier;
  /** Joins what is outside the process, if it is there; does not wait long and does not fail without it. */
  start(listener: BusListener): Promise<void>;
  /** Ends timers and listeners. */
  stop(): void;
}
