import type { Region } from '../region.js';
import { MOST_USES, Residents, type Resident } from './residents.js';

/** An entry that this process keeps decoded. */
export interface LocalEntry extends Resident {
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
}

/** What {@link LocalTier.put} is given. */
export interface LocalValue {
  readonly value: unknown;
  readonly payload?: string;
  readonly expiresAt: number;
  readonly tags?: readonly string[];
  /** Length of its stored text, in characters. @default 0 */
  readonly size?: number;
}

/** What has to be unchanged between asking for a value and keeping it. */
export type Fence = number;

const STRIPES = 1_024;
/** What an entry takes beside its value and its key: the entry, its promise, its places in the map and the queue. */
const OVERHEAD_BYTES = 320;
/** A decoded value takes about twice what its text takes, more or less of it according to its shape. */
const BYTES_PER_CHARACTER = 2;

/**
 * L1: decoded values, bounded in number and bytes; {@link Residents} says who stays, at the cost of a counter a hit.
 * Every evict moves the epoch of its key's stripe, so that a value which was asked for before it is never kept after it.
 */
export class LocalTier {
  private readonly residents: Residents<LocalEntry>;
  private readonly epochs = new Float64Array(STRIPES);
  private readonly tagEvicts = new Map<string, number>();
  private tagMoment = 0;
  private globalEpoch = 0;

  constructor(
    private readonly maxEntries: number,
    maxBytes = Infinity,
  ) {
    this.residents = new Residents(maxEntries, maxBytes);
  }

  /** What the entries of all caches take, as far as that is known without walking the values. */
  get bytes(): number {
    return this.residents.bytes;
  }

  /** The live entry, if this process has one. */
  get(region: Region, key: string, now: number): LocalEntry | undefined {
    // Each cache has its own map: a key that is one text (an id) is looked up without building another.
    const entry = region.local.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= now || (entry.tags !== undefined && this.lostTag(entry))) {
      this.remove(entry);
      return undefined;
    }
    if (entry.uses < MOST_USES) entry.uses++;
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

  /**
   * Keeps a value unless anything that could concern it was evicted since the fence was taken: then it answers false.
   * How long it stays depends on the room; one that is too large for it does not come in.
   */
  put(region: Region, key: string, fence: Fence, given: LocalValue): boolean {
    if (fence !== this.fence(region, key)) return false;
    const previous = region.local.get(key);
    if (previous) this.remove(previous);
    const weight = OVERHEAD_BYTES + BYTES_PER_CHARACTER * (key.length + (given.size ?? 0));
    if (!this.residents.accepts(weight)) return true;
    const entry: LocalEntry = {
      region,
      key,
      answer: given.payload === undefined ? Promise.resolve(given.value) : undefined,
      payload: given.payload,
      // Whole milliseconds: a fraction would take an object of its own.
      expiresAt: Math.floor(given.expiresAt),
      tags: given.tags,
      tagMoment: this.tagMoment,
      weight,
      fingerprint: hashOf(key, hashOf(region.name)),
      uses: 0,
      settled: false,
    };
    region.local.set(key, entry);
    this.residents.add(entry);
    for (let gone = this.residents.takeSurplus(); gone; gone = this.residents.takeSurplus())
      gone.region.local.delete(gone.key);
    return true;
  }

  evict(region: Region, key: string): void {
    this.epochs[stripeOf(key)]!++;
    const entry = region.local.get(key);
    if (entry) this.remove(entry);
  }

  clear(region: Region): void {
    region.generation++;
    for (const entry of region.local.values()) this.residents.delete(entry);
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
    for (let entry = this.residents.take(); entry; entry = this.residents.take())
      entry.region.local.delete(entry.key);
    this.tagEvicts.clear();
    this.globalEpoch++;
  }

  private lostTag(entry: LocalEntry): boolean {
    for (const tag of entry.tags!) if ((this.tagEvicts.get(tag) ?? 0) > entry.tagMoment) return true;
    return false;
  }

  private remove(entry: LocalEntry): void {
    this.residents.delete(entry);
    entry.region.local.delete(entry.key);
  }
}

const stripeOf = (key: string): number => (hashOf(key) >>> 0) % STRIPES;

/** FNV-1a; further texts are taken in by going on from the hash of those before. */
function hashOf(text: string, before = 0x811c9dc5): number {
  let hash = before;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
