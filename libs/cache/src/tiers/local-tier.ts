import type { Region } from '../region.js';

/** An entry that this process keeps decoded. */
export interface LocalEntry {
  readonly region: Region;
  readonly key: string;
  /** The value as every caller gets it; absent when each needs a copy. */
  readonly answer?: Promise<unknown>;
  /** Set when the value cannot be shared (it holds bytes): every hit decodes its own copy. */
  readonly payload?: string;
  readonly expiresAt: number;
  readonly tags?: readonly string[];
  /** How many tag evicts this process had seen when the entry's value was asked for. */
  readonly tagMoment: number;
  visited: boolean;
}

/** What {@link LocalTier.put} is given. */
export interface LocalValue {
  readonly value: unknown;
  readonly payload?: string;
  readonly expiresAt: number;
  readonly tags?: readonly string[];
}

/** What has to be unchanged between asking for a value and keeping it. */
export type Fence = number;

const STRIPES = 1_024;

/**
 * L1: decoded values, bounded in number, with CLOCK (second chance) eviction, which costs a hit one flag. Every evict
 * moves the epoch of its key's stripe, so that a value which was asked for before it is never kept after it.
 */
export class LocalTier {
  /** All entries, in the order in which they are next looked at when room is needed. */
  private readonly queue = new Set<LocalEntry>();
  /** Where the queue was last left; from its start it would step over everything that was deleted there. */
  private hand = this.queue.values();
  private readonly epochs = new Float64Array(STRIPES);
  private readonly tagEvicts = new Map<string, number>();
  private tagMoment = 0;
  private globalEpoch = 0;

  constructor(private readonly maxEntries: number) {}

  /** The live entry, if this process has one. */
  get(region: Region, key: string, now: number): LocalEntry | undefined {
    // Each cache has its own map: a key that is one text (an id) is looked up without building another.
    const entry = region.local.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= now || (entry.tags !== undefined && this.lostTag(entry))) {
      this.remove(entry);
      return undefined;
    }
    entry.visited = true;
    return entry;
  }

  /** Sum of counters that only grow: equal sums mean that none of them moved. */
  fence(region: Region, key: string): Fence {
    return (
      this.globalEpoch +
      region.generation +
      this.epochs[stripeOf(key)]! +
      (region.tagged ? this.tagMoment : 0)
    );
  }

  /** Keeps a value unless anything that could concern it was evicted since the fence was taken. */
  put(region: Region, key: string, fence: Fence, given: LocalValue): boolean {
    if (fence !== this.fence(region, key)) return false;
    const previous = region.local.get(key);
    if (previous) this.remove(previous);
    const entry: LocalEntry = {
      region,
      key,
      answer: given.payload === undefined ? Promise.resolve(given.value) : undefined,
      payload: given.payload,
      expiresAt: given.expiresAt,
      tags: given.tags,
      tagMoment: this.tagMoment,
      visited: false,
    };
    region.local.set(key, entry);
    this.queue.add(entry);
    if (this.queue.size > this.maxEntries) this.makeRoom();
    return true;
  }

  evict(region: Region, key: string): void {
    this.epochs[stripeOf(key)]!++;
    const entry = region.local.get(key);
    if (entry) this.remove(entry);
  }

  clear(region: Region): void {
    region.generation++;
    for (const entry of region.local.values()) this.queue.delete(entry);
    region.local.clear();
  }

  evictTag(tag: string): void {
    this.tagMoment++;
    this.tagEvicts.set(tag, this.tagMoment);
    // Without the history of tags no tagged entry can be judged; starting over only costs misses.
    if (this.tagEvicts.size > this.maxEntries) this.distrust();
  }

  /** Drops everything, and refuses every value that was asked for before. */
  distrust(): void {
    for (const entry of this.queue) entry.region.local.delete(entry.key);
    this.queue.clear();
    this.tagEvicts.clear();
    this.globalEpoch++;
  }

  private lostTag(entry: LocalEntry): boolean {
    for (const tag of entry.tags!) if ((this.tagEvicts.get(tag) ?? 0) > entry.tagMoment) return true;
    return false;
  }

  private remove(entry: LocalEntry): void {
    this.queue.delete(entry);
    entry.region.local.delete(entry.key);
  }

  private makeRoom(): void {
    for (let next = this.hand.next(); ; next = this.hand.next()) {
      if (next.done) {
        this.hand = this.queue.values();
        continue;
      }
      const entry = next.value;
      this.queue.delete(entry);
      if (!entry.visited) {
        entry.region.local.delete(entry.key);
        return;
      }
      // Used since it was last met: goes to the back of the queue, once.
      entry.visited = false;
      this.queue.add(entry);
    }
  }
}

function stripeOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % STRIPES;
}
