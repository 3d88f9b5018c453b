import type { EvictOutcome, Eviction } from './tier.js';

/** Takes the evicts that were kept; rejects what it could not take. */
export type EvictionTarget = (evictions: readonly Eviction[]) => Promise<EvictOutcome>;

const BATCH = 200;

/**
 * Evicts that could not be delivered. Bounded: above the limit a cache's own entries become one clear, and tags become
 * a clear of every cache.
 */
export class PendingEvictions {
  private readonly entries = new Map<string, Map<string, Eviction>>();
  private readonly clears = new Map<string, Eviction>();
  private readonly tags = new Map<string, Eviction>();
  private readonly seen = new Set<string>();
  private entryCount = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.entryCount + this.clears.size + this.tags.size;
  }

  /** Told of every cache, so that an overflow of tags knows what to clear. */
  watch(cache: string): void {
    this.seen.add(cache);
  }

  add(eviction: Eviction): void {
    if (eviction.kind === 'entry') this.addEntry(eviction);
    else if (eviction.kind === 'clear') this.addClear(eviction.cache);
    else this.addTag(eviction);
  }

  /**
   * Sends everything; what was acknowledged is forgotten, also when a later one fails. An evict that is added again
   * while it is on its way concerns a later write, and is sent again.
   */
  async replay(target: EvictionTarget): Promise<void> {
    while (this.size > 0) {
      for (const [names, evictions] of [this.clears, this.tags].map((map) => [map, [...map]] as const)) {
        for (const [name, eviction] of evictions) {
          await applied(target([eviction]));
          if (names.get(name) === eviction) names.delete(name);
        }
      }
      for (const [cache, entries] of [...this.entries]) await this.replayEntries(target, cache, [...entries]);
    }
  }

  private addEntry(eviction: Eviction & { kind: 'entry' }): void {
    const { cache, key } = eviction.slot;
    const ofCache = this.entries.get(cache) ?? new Map<string, Eviction>();
    if (!ofCache.has(key)) {
      if (this.entryCount >= this.limit) {
        this.addClear(cache);
        return;
      }
      this.entryCount++;
    }
    this.entries.set(cache, ofCache.set(key, { ...eviction }));
  }

  private addClear(cache: string): void {
    this.clears.set(cache, { kind: 'clear', cache });
    this.entryCount -= this.entries.get(cache)?.size ?? 0;
    this.entries.delete(cache);
  }

  private addTag(eviction: Eviction & { kind: 'tag' }): void {
    if (this.tags.has(eviction.tag) || this.tags.size < this.limit) {
      this.tags.set(eviction.tag, { ...eviction });
      return;
    }
    this.tags.clear();
    for (const cache of this.seen) this.addClear(cache);
  }

  private async replayEntries(
    target: EvictionTarget,
    cache: string,
    entries: readonly (readonly [string, Eviction])[],
  ): Promise<void> {
    for (let from = 0; from < entries.length; from += BATCH) {
      const batch = entries.slice(from, from + BATCH);
      await applied(target(batch.map(([, eviction]) => eviction)));
      const kept = this.entries.get(cache);
      for (const [key, eviction] of batch) {
        if (kept?.get(key) !== eviction) continue;
        kept.delete(key);
        this.entryCount--;
      }
      if (kept?.size === 0) this.entries.delete(cache);
    }
  }
}

async function applied(outcome: Promise<EvictOutcome>): Promise<void> {
  if ((await outcome) !== 'applied') throw new Error('the evict was put off again');
}
