import type { EvictOutcome, Slot, Tier } from './tier.js';

/** What evicts are delivered to. */
export type EvictionTarget = Pick<Tier, 'evict' | 'clear' | 'evictTag'>;

/**
 * Evicts that Redis has not acknowledged. Bounded: a cache with too many single entries is cleared as a whole
 * instead, and too many tags clear every cache that was seen.
 */
export class PendingEvictions {
  private readonly slots = new Map<string, Map<string, Slot>>();
  private readonly clears = new Set<string>();
  private readonly tags = new Set<string>();
  private readonly seen = new Set<string>();
  private slotCount = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.slotCount + this.clears.size + this.tags.size;
  }

  /** Told of every cache, so that an overflow of tags knows what to clear. */
  watch(cache: string): void {
    this.seen.add(cache);
  }

  addSlot(slot: Slot): void {
    if (this.clears.has(slot.cache)) return;
    const ofCache = this.slots.get(slot.cache) ?? new Map<string, Slot>();
    this.slots.set(slot.cache, ofCache);
    if (ofCache.has(slot.key)) return;
    if (this.slotCount >= this.limit) {
      this.addClear(slot.cache);
      return;
    }
    ofCache.set(slot.key, slot);
    this.slotCount++;
  }

  addClear(cache: string): void {
    this.clears.add(cache);
    this.slotCount -= this.slots.get(cache)?.size ?? 0;
    this.slots.delete(cache);
  }

  addTag(tag: string): void {
    if (this.tags.size < this.limit) {
      this.tags.add(tag);
      return;
    }
    this.tags.clear();
    for (const cache of this.seen) this.addClear(cache);
  }

  /** Sends everything; what was acknowledged is forgotten, also when a later one fails. */
  async replay(tier: EvictionTarget): Promise<void> {
    while (this.size > 0) {
      for (const cache of [...this.clears]) {
        await applied(tier.clear(cache));
        this.clears.delete(cache);
      }
      for (const tag of [...this.tags]) {
        await applied(tier.evictTag(tag));
        this.tags.delete(tag);
      }
      for (const [cache, slots] of [...this.slots]) await this.replaySlots(tier, cache, [...slots.values()]);
    }
  }

  private async replaySlots(tier: EvictionTarget, cache: string, slots: Slot[]): Promise<void> {
    const BATCH = 200;
    for (let from = 0; from < slots.length; from += BATCH) {
      const batch = slots.slice(from, from + BATCH);
      await applied(tier.evict(batch));
      const kept = this.slots.get(cache);
      for (const slot of batch) if (kept?.delete(slot.key)) this.slotCount--;
      if (kept?.size === 0) this.slots.delete(cache);
    }
  }
}

async function applied(outcome: Promise<EvictOutcome>): Promise<void> {
  if ((await outcome) !== 'applied') throw new Error('the evict was put off again');
}
