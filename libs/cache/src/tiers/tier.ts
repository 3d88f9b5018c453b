import type { CallBudget } from './call-budget.js';

/** Where an entry lives in the tier that the instances share. */
export interface Slot {
  /** Name of the cache. */
  readonly cache: string;
  /** From `encodeKey`. */
  readonly key: string;
}

/**
 * A moment on the tier's own clock: 16 digits, so that text order is time order. Entries carry the stamp of their
 * lease; marks (clears and tag evicts) carry the stamp of the last evict.
 */
export type Stamp = string;

/** Before every other stamp. */
export const NEVER: Stamp = '0000000000000000';

/** Permission to fill: `<stamp>:<token>`. */
export type Lease = string;

export const stampOf = (lease: Lease): Stamp => lease.slice(0, 16);

/** An evict that the tier acknowledged, or one that is kept until the tier can be reached. */
export type EvictOutcome = 'applied' | 'pending';

/** The value of a slot, and the marks that were asked for with it, at one moment. */
export interface TierRead {
  readonly text: string | null;
  readonly marks: readonly (Stamp | null)[];
}

/** Text to store: the stamp goes between the two halves. */
export interface TierText {
  readonly header: string;
  readonly rest: string;
}

/**
 * The tier behind L1. Two kinds exist, with the same contract: Redis, and this process's memory when there is none.
 * Methods reject when the tier cannot answer; evicts say `pending` instead where they can be made good later.
 */
export interface Tier {
  read(slot: Slot, marks: readonly string[], budget: CallBudget): Promise<TierRead>;
  /** The text that is there with this header and a stamp above `dead`, or a lease to fill the slot. */
  lease(
    slot: Slot,
    header: string,
    dead: Stamp,
    budget: CallBudget,
  ): Promise<{ text: string } | { lease: Lease }>;
  /** A lease that voids all others, for a write that is about to happen. */
  reserve(slot: Slot, budget: CallBudget): Promise<Lease>;
  /** Stores while the lease stands; false when it does not. */
  fill(slot: Slot, lease: Lease, text: TierText, ttlMs: number, budget: CallBudget): Promise<boolean>;
  /** Stores, and drops what others hold. With a lease: only while it stands, else drops the entry. */
  put(
    slot: Slot,
    lease: Lease | undefined,
    text: TierText,
    ttlMs: number,
    budget: CallBudget,
  ): Promise<boolean>;
  evict(slots: readonly Slot[]): Promise<EvictOutcome>;
  /** Drops all entries of a cache. */
  clear(cache: string): Promise<EvictOutcome>;
  /** Drops all entries with a tag. */
  evictTag(tag: string): Promise<EvictOutcome>;
}

/** Names of marks, which no cache can have: cache names hold no `#`. */
export const clearMark = (cache: string): string => `#clear:${cache}`;
export const tagMark = (tag: string): string => `#tag:${tag}`;

/** Tag marks outlive every entry that could carry the tag; a cache's own mark is kept for ever (one key a cache). */
export const TAG_MARK_MS = 31 * 86_400_000;
