import type { CallBudget } from './call-budget.js';

/** Where an entry lives in the tier that the instances share. */
export interface Slot {
  /** Name of the cache. */
  readonly cache: string;
  /** From `encodeKey`. */
  readonly key: string;
}

/** Something that makes entries untrue: one entry, all of a cache, or all with a tag (encoded). */
export type Eviction =
  | { readonly kind: 'entry'; readonly slot: Slot }
  | { readonly kind: 'clear'; readonly cache: string }
  | { readonly kind: 'tag'; readonly tag: string };

/**
 * What a mark says: a text that changes with every clear of its cache, or evict of its tag. An entry carries the
 * versions it was loaded under and counts only while they are the current ones; no clock is compared with another.
 * Of a mark that was lost nothing is left to be equal to, so losing one drops entries and never revives any.
 */
export type MarkVersion = string;

/** Ends the version of a mark while a write that will move it is under way: nothing may be filled under it. */
const HELD = '!';

export const isHeld = (version: MarkVersion): boolean => version.endsWith(HELD);
export const held = (version: MarkVersion): MarkVersion => version + HELD;

/** Permission to fill an entry: `<versions>|<token>`. */
export type Lease = string;

/** An evict that the tier acknowledged, or one that is kept until the tier can be reached. */
export type EvictOutcome = 'applied' | 'pending';

/** The value of a slot, and the marks that were asked for with it. */
export interface TierRead {
  readonly text: string | null;
  readonly marks: readonly (MarkVersion | null)[];
}

/** What a reader that found nothing usable asks for. */
export interface LeaseRequest {
  readonly slot: Slot;
  /** How a usable entry begins: format, cache, version and the versions of its marks. */
  readonly prefix: string;
  /** An entry that the reader has seen and wants to replace; it does not count as usable. */
  readonly seen?: string;
  /** The versions of the marks, as part of the lease. */
  readonly versions: string;
}

/**
 * - `text`: a usable entry is there after all
 * - `lease`: the reader may load and fill
 * - `held`: another one is loading; the asker is told when that ends
 * - `refused`: a write is under way; load, but do not fill
 */
export type LeaseAnswer =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused' };

/** What a writer asks for before its write. */
export interface HoldRequest {
  readonly eviction: Eviction;
  readonly token: string;
  /** With it, the holder alone may `put`, as long as nobody else writes. */
  readonly lease?: Lease;
  /** The hold was taken before: a lease that was voided since stays void. */
  readonly isRenewal?: boolean;
}

/** An entry to store, kept for `ttlMs`. */
export interface StoredText {
  readonly text: string;
  readonly ttlMs: number;
}

export interface ReadRequest {
  readonly slot: Slot;
  readonly marks: readonly string[];
}

export interface FillRequest {
  readonly slot: Slot;
  readonly lease: Lease;
  readonly stored: StoredText;
}

/** Several requests as one command; answers come in their order. */
export interface TierBatches {
  readAll(requests: readonly ReadRequest[], budget: CallBudget): Promise<readonly TierRead[]>;
  leaseAll(requests: readonly LeaseRequest[], budget: CallBudget): Promise<readonly LeaseAnswer[]>;
  fillAll(requests: readonly FillRequest[], budget: CallBudget): Promise<readonly boolean[]>;
}

/**
 * The tier behind L1. Two kinds exist, with the same contract: Redis, and this process's memory when there is none.
 * Methods reject when the tier cannot answer; evicts say `pending` instead where they can be made good later.
 */
export interface Tier {
  /** Absent where one command cannot serve several keys, or where it would not be cheaper. */
  readonly batches?: TierBatches;
  read(slot: Slot, marks: readonly string[], budget: CallBudget): Promise<TierRead>;
  /** The current version of a mark, made if it is absent; what a dead writer still holds is let go. */
  settleMark(mark: string, budget: CallBudget): Promise<MarkVersion>;
  lease(request: LeaseRequest, budget: CallBudget): Promise<LeaseAnswer>;
  /** Puts off the end of a lease; false when it is lost. */
  renew(slot: Slot, lease: Lease): Promise<boolean>;
  /** Stores while the lease stands, and tells who waits; false when it does not. */
  fill(slot: Slot, lease: Lease, stored: StoredText, budget: CallBudget): Promise<boolean>;
  /** Gives a lease back without a fill, and tells who waits; false when it was lost before. */
  abandon(slot: Slot, lease: Lease, budget: CallBudget): Promise<boolean>;
  /**
   * Before a write: drops what it will make untrue and refuses all fills until the holder evicts, or until `HOLD_MS`
   * after the last call with the token.
   */
  hold(request: HoldRequest, budget: CallBudget): Promise<void>;
  /**
   * Stores over whatever is there, unless a write by another holder is under way. With a lease: only while it stands.
   * Ends the hold of the token. What was there before is dropped in any case.
   */
  put(
    slot: Slot,
    stored: StoredText,
    own: { readonly lease: Lease; readonly token: string } | undefined,
    budget: CallBudget,
  ): Promise<boolean>;
  /** Drops, and ends the holds of the token. */
  evict(
    evictions: readonly Eviction[],
    token: string | undefined,
    budget?: CallBudget,
  ): Promise<EvictOutcome>;
}

/** Names of marks, which no cache can have: cache names hold no `#`. */
export const clearMark = (cache: string): string => `#clear:${cache}`;
export const tagMark = (tag: string): string => `#tag:${tag}`;

/** A lease ends by itself this long after it was granted or renewed: its loader's process is gone. */
export const LEASE_MS = 1_000;
/** A hold ends by itself this long after it was taken or renewed; longer than a commit may take. */
export const HOLD_MS = 30_000;
/** Marks of tags are forgotten this long after their last evict, and the entries under them with it. */
export const TAG_MARK_MS = 35 * 86_400_000;
