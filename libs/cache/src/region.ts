import { CacheKeyError } from './cache.errors.js';
import { encodeParts, encodeTag, joinKey } from './codec/key-encoding.js';
import { ValueCodec } from './codec/value-codec.js';
import type { AnyCache } from './declare/cache-declaration.js';
import { durationMs } from './declare/duration.js';
import { Freshness } from './declare/freshness.js';
import type { Flight } from './flight/flight.js';
import { RegionCounters } from './observe/region-counters.js';
import type { LocalEntry } from './tiers/local-tier.js';
import { clearMark, tagMark, type Eviction, type MarkVersion, type Slot } from './tiers/tier.js';

/** Version of the stored text; entries of another one are misses. */
const FORMAT = 'R2';
/** From fewer loads nothing is concluded about how long they take. */
const LOADS_TO_KNOW = 20;
const DEFAULT_LOCAL_TTL_MS = 60_000;

/** One declared cache inside one engine: its settings, its loads in flight and its counters. */
export class Region {
  readonly name: string;
  readonly ttlMs: number;
  readonly freshness: Freshness;
  /** Absent when the cache is not kept in L1. */
  readonly localTtlMs?: number;
  /** Kept in no process's memory: without a shared tier every read asks the loader. */
  readonly sharedOnly: boolean;
  readonly tagged: boolean;
  /** Begins every stored text: an entry of another cache, version or format is not this cache's entry. */
  readonly header: string;
  readonly clearMark: string;
  readonly codec: ValueCodec;
  readonly flights = new Map<string, Flight>();
  /** Entries that are being refreshed in the background. */
  readonly refreshing = new Set<string>();
  readonly counters = new RegionCounters();
  /** Errors before this moment are counted, not logged. */
  quietUntil = Number.NEGATIVE_INFINITY;
  /** Moves when the whole cache is dropped from L1. */
  generation = 0;
  /** What this process keeps decoded; owned by `LocalTier`. */
  readonly local = new Map<string, LocalEntry>();
  /** Version of the cache's own mark; true while the era of the bus lasts and no clear is heard of. */
  clearVersion?: { readonly version: MarkVersion; readonly era: number };

  private readonly partsOf: (...args: unknown[]) => readonly unknown[];

  constructor(
    readonly declaration: AnyCache,
    defaultTtlMs: number,
    ttlOverrideMs?: number,
    ttlJitter = 0,
  ) {
    const { name, options } = declaration;
    this.name = name;
    const { ttl = defaultTtlMs } = options;
    this.ttlMs = ttlOverrideMs ?? (typeof ttl === 'function' ? Infinity : durationMs(ttl, name));
    const fresh = ttlOverrideMs === undefined ? options : { ...options, ttl: undefined };
    this.freshness = Freshness.of(name, fresh, this.ttlMs, ttlJitter);
    this.sharedOnly = options.sharedOnly === true;
    if (options.l1 !== false) {
      const wanted = options.l1?.ttl === undefined ? DEFAULT_LOCAL_TTL_MS : durationMs(options.l1.ttl, name);
      this.localTtlMs = Math.min(wanted, this.ttlMs);
    }
    this.tagged = options.tags !== undefined;
    this.header = `${FORMAT}|${name}|${declaration.version}|`;
    this.clearMark = clearMark(name);
    this.codec = new ValueCodec(name, options.classes);
    this.partsOf = partsOf(declaration);
  }

  /**
   * An entry's key within this cache.
   *
   * @throws {@link CacheKeyError} when the arguments cannot be encoded, or the tenant is empty
   */
  keyOf(args: readonly unknown[]): string {
    return encodeParts(this.name, this.partsOf(...args));
  }

  tagsOf(args: readonly unknown[]): readonly string[] {
    const { tags } = this.declaration.options as { tags?: (...given: unknown[]) => readonly string[] };
    return tags ? tags(...args).map(encodeTag) : [];
  }

  /**
   * How long a read waits for another process's load before it does its own: well beyond what loads of this cache
   * take, because few but those of a process that was cut off take that long. From the median, which a process that
   * was held up for a moment does not move.
   */
  get patienceMs(): number {
    const { loadTimes } = this.counters;
    return loadTimes.count < LOADS_TO_KNOW ? Infinity : 4 * loadTimes.quantileMs(0.5);
  }

  /** Marks of the tags of an entry. */
  tagMarksOf(args: readonly unknown[]): readonly string[] {
    return this.tagged ? this.tagsOf(args).map(tagMark) : [];
  }

  /** Where the other instances keep the entry. */
  slot(key: string): Slot {
    return { cache: this.name, key: joinKey(this.name, key) };
  }

  evictionOf(key: string): Eviction & { kind: 'entry' } {
    return { kind: 'entry', slot: this.slot(key) };
  }

  /** Ends what is under way for a key: later reads must not join it. */
  detach(key: string): void {
    this.flights.delete(key);
    this.refreshing.delete(key);
  }

  detachAll(): void {
    this.flights.clear();
    this.refreshing.clear();
  }

  detachTag(tag: string): void {
    for (const [key, flight] of this.flights) if (flight.tags?.includes(tag)) this.flights.delete(key);
  }

  /** Reverse of {@link slot}, for a key from another instance. */
  keyOfSlot(slotKey: string): string {
    return slotKey.slice(this.name.length + 1);
  }
}

function partsOf(declaration: AnyCache): (...args: unknown[]) => readonly unknown[] {
  const { key, tenant } = declaration.options as {
    key?: (...args: unknown[]) => readonly unknown[];
    tenant?: (...args: unknown[]) => unknown;
  };
  const own = key ?? ((...args: unknown[]) => args);
  if (!tenant) return own;
  return (...args) => {
    const id = tenant(...args);
    if (typeof id !== 'string' || id === '') {
      throw new CacheKeyError(
        `cache "${declaration.name}": the tenant is ${JSON.stringify(id) ?? 'undefined'}; a tenant's cache needs a non-empty tenant id.`,
      );
    }
    return [id, ...own(...args)];
  };
}
