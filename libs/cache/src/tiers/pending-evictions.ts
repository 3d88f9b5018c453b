import type { EvictOutcome, Eviction } from './tier.js';

/** Takes evicts that were kept, and the token of the hold that they end; rejects what it could not take. */
export type EvictionTarget = (evictions: readonly Eviction[], token?: string) => Promise<EvictOutcome>;

interface Pending {
  readonly name: string;
  readonly eviction: Eviction;
  /** A hold that may have been taken; without it the entry would stay uncached until the hold ends by itself. */
  readonly token?: string;
}

const BATCH = 200;

/**
 * Evicts that could not be delivered. Bounded: above the limit the entries of a cache become one clear of it, and tags
 * a clear of every cache.
 */
export class PendingEvictions {
  private readonly entries = new Map<string, Map<string, Pending>>();
  private readonly clears = new Map<string, Pending>();
  private readonly tags = new Map<string, Pending>();
  private readonly seen = new Set<string>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.entryCount + this.clears.size + this.tags.size;
  }

  private get entryCount(): number {
    let count = 0;
    for (const entries of this.entries.values()) count += entries.size;
    return count;
  }

  /** Told of every cache, so that an overflow of tags knows what to clear. */
  watch(cache: string): void {
    this.seen.add(cache);
  }

  add(eviction: Eviction, token?: string): void {
    if (eviction.kind === 'entry') this.addEntry(eviction, token);
    else if (eviction.kind === 'clear') this.addClear(eviction.cache, token);
    else this.addTag(eviction, token);
  }

  /**
   * Sends everything; what was acknowledged is forgotten, also when a later one fails. An evict that is added again
   * while it is on its way concerns a later write, and is sent again.
   */
  async replay(target: EvictionTarget): Promise<void> {
    while (this.size > 0) {
      await replayAll(this.clears, target);
      await replayAll(this.tags, target);
      for (const [cache, entries] of [...this.entries]) {
        await replayAll(entries, target);
        if (entries.size === 0 && this.entries.get(cache) === entries) this.entries.delete(cache);
      }
    }
  }

  private addEntry(eviction: Eviction & { kind: 'entry' }, token = ''): void {
    const { cache, key } = eviction.slot;
    const ofCache = this.entries.get(cache) ?? new Map<string, Pending>();
    const name = `${key} ${token}`;
    if (!ofCache.has(name) && this.entryCount >= this.limit) {
      this.addClear(cache);
      return;
    }
    this.entries.set(cache, ofCache.set(name, { name, eviction, token }));
  }

  private addClear(cache: string, token = ''): void {
    // Few writers clear a cache; were there many, their holds would end by themselves.
    const name = this.clears.size < this.limit ? `${cache} ${token}` : cache;
    this.clears.set(name, { name, eviction: { kind: 'clear', cache }, token });
    this.entries.delete(cache);
  }

  private addTag(eviction: Eviction & { kind: 'tag' }, token = ''): void {
    const name = `${eviction.tag} ${token}`;
    if (this.tags.has(name) || this.tags.size < this.limit) {
      this.tags.set(name, { name, eviction, token });
      return;
    }
    this.tags.clear();
    for (const cache of this.seen) this.addClear(cache);
  }
}

async function replayAll(kept: Map<string, Pending>, target: EvictionTarget): Promise<void> {
  const all = [...kept.values()];
  for (let from = 0; from < all.length; from += BATCH) {
    const batch = all.slice(from, from + BATCH);
    await Promise.all(batch.map(({ eviction, token }) => applied(target([eviction], token || undefined))));
    for (const pending of batch) {
      if (kept.get(pending.name) === pending) kept.delete(pending.name);
    }
  }
}

async function applied(outcome: Promise<EvictOutcome>): Promise<void> {
  if ((await outcome) !== 'applied') throw new Error('the evict was put off again');
}
