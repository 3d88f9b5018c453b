import { CacheDeclarationError } from './cache.errors.js';
import type { AnyCache } from './declare/cache-declaration.js';
import { Region } from './region.js';
import type { LocalTier } from './tiers/local-tier.js';
import type { Eviction } from './tiers/tier.js';

export interface RegionDefaults {
  readonly ttlMs: number;
  readonly ttlOverridesMs: ReadonlyMap<string, number>;
  readonly ttlJitter: number;
}

/** The caches of one application, and what an evict does to them in this process. */
export class Regions {
  private readonly byDeclaration = new Map<AnyCache, Region>();
  private readonly byName = new Map<string, Region>();

  constructor(
    private readonly local: LocalTier,
    private readonly defaults: RegionDefaults,
    private readonly onDeclared: (name: string) => void,
  ) {}

  /**
   * The region of a declaration; made when it is first asked for.
   *
   * @throws {@link CacheDeclarationError} when another cache has the name
   */
  of(declaration: AnyCache): Region {
    return this.byDeclaration.get(declaration) ?? this.declare(declaration);
  }

  named(name: string): Region | undefined {
    return this.byName.get(name);
  }

  /** Drops of a key by its text; of every cache that could spell it so. */
  evictionsOf(slotKey: string): Eviction[] {
    const names = [...this.byName.keys()].filter(
      (name) => slotKey === name || slotKey.startsWith(`${name}:`),
    );
    return names.map((cache) => ({ kind: 'entry', slot: { cache, key: slotKey } }));
  }

  all(): Region[] {
    return [...this.byName.values()];
  }

  /** TTL overrides that name no cache: a typing mistake, most likely. */
  unusedOverrides(): string[] {
    return [...this.defaults.ttlOverridesMs.keys()].filter((name) => !this.byName.has(name));
  }

  /** Drops what this process keeps, and detaches what it loads: later reads begin anew. */
  drop(eviction: Eviction): void {
    if (eviction.kind === 'entry') {
      const region = this.byName.get(eviction.slot.cache);
      if (!region) return;
      const key = region.keyOfSlot(eviction.slot.key);
      region.detach(key);
      this.local.evict(region, key);
    } else if (eviction.kind === 'clear') {
      const region = this.byName.get(eviction.cache);
      if (!region) return;
      region.detachAll();
      region.clearVersion = undefined;
      this.local.clear(region);
    } else {
      this.local.evictTag(eviction.tag);
      for (const region of this.byName.values()) if (region.tagged) region.detachTag(eviction.tag);
    }
  }

  /** Nothing that was learnt from notices counts any more. */
  distrust(): void {
    this.local.distrust();
    for (const region of this.byName.values()) {
      region.clearVersion = undefined;
      region.detachAll();
    }
  }

  private declare(declaration: AnyCache): Region {
    const { name } = declaration;
    const sameName = this.byName.get(name);
    if (sameName && !sameName.declaration.equals(declaration)) {
      throw new CacheDeclarationError(
        `cache "${name}" is declared twice with different options; declare it once with defineCache and refer to that.`,
      );
    }
    const { ttlMs, ttlOverridesMs, ttlJitter } = this.defaults;
    const region = sameName ?? new Region(declaration, ttlMs, ttlOverridesMs.get(name), ttlJitter);
    this.byDeclaration.set(declaration, region);
    this.byName.set(name, region);
    this.onDeclared(name);
    return region;
  }
}
