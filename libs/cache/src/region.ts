import { CacheDeclarationError, CacheKeyError } from './cache.errors.js';
import { encodeParts, encodeTag, joinKey } from './codec/key-encoding.js';
import { ValueCodec } from './codec/value-codec.js';
import type { AnyCache } from './declare/cache-declaration.js';
import { durationMs } from './declare/duration.js';
import type { Flight } from './flight/flight.js';
import { RegionCounters } from './observe/region-counters.js';
import type { LocalEntry } from './tiers/local-tier.js';
import { NEVER, TAG_MARK_MS, clearMark, type Slot, type Stamp } from './tiers/tier.js';

/** Version of the stored text; entries of another one are misses. */
const FORMAT = 'R1';
const DEFAULT_LOCAL_TTL_MS = 60_000;

/** One declared cache inside one engine: its settings, its loads in flight and its counters. */
export class Region {
  readonly name: string;
  readonly ttlMs: number;
  /** Absent when the cache is not kept in L1. */
  readonly localTtlMs?: number;
  readonly tagged: boolean;
  /** Begins every stored text: an entry of another cache, version or format is not this cache's entry. */
  readonly header: string;
  readonly clearMark: string;
  readonly codec: ValueCodec;
  readonly flights = new Map<string, Flight>();
  readonly counters = new RegionCounters();
  /** Errors before this moment are counted, not logged. */
  quietUntil = Number.NEGATIVE_INFINITY;
  /** Moves when the whole cache is dropped from L1. */
  generation = 0;
  /** What this process keeps decoded; owned by `LocalTier`. */
  readonly local = new Map<string, LocalEntry>();
  /** Entries with this stamp or an older one are dead. */
  clearedAt: Stamp = NEVER;
  /** The bus era in which `clearedAt` was read; notices keep it true until the era ends. */
  clearedEra = -1;

  private readonly partsOf: (...args: unknown[]) => readonly unknown[];

  constructor(
    readonly declaration: AnyCache,
    defaultTtlMs: number,
    ttlOverrideMs?: number,
  ) {
    const { name, options } = declaration;
    this.name = name;
    this.ttlMs = ttlOverrideMs ?? (options.ttl === undefined ? defaultTtlMs : durationMs(options.ttl, name));
    if (options.l1 !== false) {
      const wanted = options.l1?.ttl === undefined ? DEFAULT_LOCAL_TTL_MS : durationMs(options.l1.ttl, name);
      this.localTtlMs = Math.min(wanted, this.ttlMs);
    }
    this.tagged = options.tags !== undefined;
    if (this.tagged && this.ttlMs > TAG_MARK_MS) {
      throw new CacheDeclarationError(
        `cache "${name}": an entry with tags may live 31 days at most, because its tags' evicts are remembered that long; shorten ttl.`,
      );
    }
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

  /** Where the other instances keep the entry. */
  slot(key: string): Slot {
    return { cache: this.name, key: joinKey(this.name, key) };
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
