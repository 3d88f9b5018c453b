import type { Item } from '../item.js';

/**
 * `l1`: entries in the process. `two-tiers`: in the process, and behind it in Redis. `bus`: other instances hear of an
 * evict. `tags`: entries can be dropped by a tag.
 */
export type Ability = 'l1' | 'two-tiers' | 'bus' | 'tags';

/** Which cache a case wants. */
export interface CacheSetup {
  /** Of the run's own Redis. */
  readonly url: string;
  /** Keeps the entries of one case and library apart from all others. */
  readonly namespace: string;
  /** `both` becomes what the library has; {@link tiersOf} says which. */
  readonly tiers: Tiers;
  /** Only false where nothing enters the process from Redis: bentocache has a faster setting that fails when it does. */
  readonly refills: boolean;
  /** Bound of the tier in the process. */
  readonly l1Entries: number;
  /** The source behind the cache. */
  readonly load: (id: string) => Promise<Item>;
  /** The tag of an entry, when the case is about tags. */
  readonly tagOf?: (id: string) => string;
}

export type Tiers = 'l1' | 'l2' | 'both';

/** One library at work. */
export interface OpenCache {
  /** From the cache, or loaded and stored. */
  read(id: string): Promise<Item>;
  /** Settles when the library says that the entry is gone. */
  evict(id: string): Promise<unknown>;
  evictTag?(tag: string): Promise<unknown>;
  close(): Promise<void>;
}

/** One library, in the best set-up that it documents. */
export interface Contender {
  readonly name: string;
  /** Whose version is reported; none for this project's own. */
  readonly package?: string;
  readonly abilities: readonly Ability[];
  open(setup: CacheSetup): Promise<OpenCache>;
}

/** Two tiers where a library has them, otherwise the one that it has in the process; undefined when it has neither. */
export function tiersOf(contender: Contender): Tiers | undefined {
  if (contender.abilities.includes('two-tiers')) return 'both';
  return contender.abilities.includes('l1') ? 'l1' : undefined;
}

/** How long entries live in every library: longer than any run. */
export const TTL_MS = 3_600_000;
