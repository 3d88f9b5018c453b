import type { Region } from '../region.js';

/** An entry that this process keeps decoded. */
export interface LocalEntry {
  readonly region: Region;
  readonly value: unknown;
  /** Set when the value cannot be shared (it holds bytes): every hit decodes its own copy. */
  readonly payload?: string;
  readonly expiresAt: number;
  readonly generation: number;
  readonly tags?: readonly string[];
  /** How many tag evicts this process had seen when the entry's value was asked for. */
  readonly tagMoment: number;
  visited: boolean;
}

/** What has to be unchanged between asking for a value and keeping it. */
export type Fence = number;

const STRIPES = 1_024;

/**
 * L1: decoded values, bounded in number, with CLOCK (second chance) eviction, which costs a hit one flag. Every evict
 * moves the epoch of its key's stripe, so that a value which was asked for before it is never kept after it.
 */
export class LocalTier {
  private readonly entries = new Map<string, LocalEntry>();
  private readonly epochs = new Float64Array(STRIPES);
  private readonly tagEvicts = new Map<string, number>();
  private tagMoment = 0;
  private globalEpoch = 0;

  constructor(private readonly maxEntries: number) {}

  /** The live entry of exactly this cache, if this process has one. */
  get(region: Region, key: string, now: number): LocalEntry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.region !== region) return undefined;
    if (entry.expiresAt <= now || entry.generation !== region.generation || this.lostTag(entry)) {
      this.remove(key, entry);
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
  put(
    region: Region,
    key: string,
    fence: Fence,
    entry: Pick<LocalEntry, 'value' | 'payload' | 'expiresAt' | 'tags'>,
  ): boolean {
    if (fence !== this.fence(region, key)) return false;
    const previous = this.entries.get(key);
    if (previous) this.remove(key, previous);
    this.entries.set(key, {
      region,
      value: entry.value,
      payload: entry.payload,
      expiresAt: entry.expiresAt,
      generation: region.generation,
      tags: entry.tags,
      tagMoment: this.tagMoment,
      visited: false,
    });
    region.localEntries++;
    if (this.entries.size > this.maxEntries) this.makeRoom();
    return true;
  }

  evict(key: string): void {
    this.epochs[stripeOf(key)]!++;
    const entry = this.entries.get(key);
    if (entry) this.remove(key, entry);
  }

  /** Entries of the cache die where they are; they leave when they are met. */
  clear(region: Region): void {
    region.generation++;
    region.localEntries = 0;
  }

  evictTag(tag: string): void {
    this.tagMoment++;
    this.tagEvicts.set(tag, this.tagMoment);
    // Without the history of tags no tagged entry can be judged; starting over only costs misses.
    if (this.tagEvicts.size > this.maxEntries) this.distrust();
  }

  /** Drops everything, and refuses every value that was asked for before. */
  distrust(): void {
    for (const entry of this.entries.values()) entry.region.localEntries = 0;
    this.entries.clear();
    this.tagEvicts.clear();
    this.globalEpoch++;
  }

  private lostTag(entry: LocalEntry): boolean {
    if (entry.tags === undefined) return false;
    for (const tag of entry.tags) if ((this.tagEvicts.get(tag) ?? 0) > entry.tagMoment) return true;
    return false;
  }

  private remove(key: string, entry: LocalEntry): void {
    this.entries.delete(key);
    if (entry.generation === entry.region.generation) entry.region.localEntries--;
  }

  private makeRoom(): void {
    for (const [key, entry] of this.entries) {
      this.entries.delete(key);
      if (!entry.visited) {
        if (entry.generation === entry.region.generation) entry.region.localEntries--;
        return;
      }
      // Used since it was last met: goes to the back of the queue, once.
      entry.visited = false;
      this.entries.set(key, entry);
    }
  }
}

function stripeOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % STRIPES;
}
