import { randomBytes } from 'node:crypto';
import {
  NEVER,
  clearMark,
  stampOf,
  tagMark,
  type EvictOutcome,
  type Lease,
  type Slot,
  type Stamp,
  type Tier,
  type TierRead,
  type TierText,
} from './tier.js';

interface Stored {
  readonly text: string;
  readonly expiresAt: number;
}

/** Leases end by themselves when a loader dies. A loader that takes longer fills nothing. */
export const LEASE_MS = 60_000;

/**
 * The shared tier of a process without Redis: the same leases, stamps and marks, in bounded maps. The oldest entries
 * make room for new ones; a mark that has to go is replaced by a floor under all stamps, which only drops too much.
 */
export class MemoryTier implements Tier {
  private readonly values = new Map<string, Stored>();
  private readonly leases = new Map<string, Stored>();
  private readonly marks = new Map<string, Stamp>();
  private floor: Stamp = NEVER;
  private clock = 0;

  constructor(
    private readonly maxEntries: number,
    private readonly now: () => number = Date.now,
  ) {}

  async read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    return {
      text: this.live(this.values, slot.key) ?? null,
      marks: marks.map((mark) => this.marks.get(mark) ?? this.floor),
    };
  }

  async lease(slot: Slot, header: string, dead: Stamp): Promise<{ text: string } | { lease: Lease }> {
    const id = slot.key;
    const text = this.live(this.values, id);
    if (text?.startsWith(header) && text.slice(header.length, header.length + 16) > dead) return { text };
    const held = this.live(this.leases, id);
    if (held !== undefined && stampOf(held) > dead) return { lease: held };
    return { lease: this.grant(id) };
  }

  async reserve(slot: Slot): Promise<Lease> {
    return this.grant(slot.key);
  }

  async fill(slot: Slot, lease: Lease, text: TierText, ttlMs: number): Promise<boolean> {
    const id = slot.key;
    if (this.live(this.leases, id) !== lease) return false;
    this.leases.delete(id);
    this.store(this.values, id, text.header + stampOf(lease) + text.rest, ttlMs);
    return true;
  }

  async put(slot: Slot, lease: Lease | undefined, text: TierText, ttlMs: number): Promise<boolean> {
    const id = slot.key;
    const stands = lease === undefined || this.live(this.leases, id) === lease;
    this.drop(id);
    if (!stands) return false;
    const stamp = lease === undefined ? this.tick() : stampOf(lease);
    this.store(this.values, id, text.header + stamp + text.rest, ttlMs);
    return true;
  }

  async evict(slots: readonly Slot[]): Promise<EvictOutcome> {
    for (const slot of slots) this.drop(slot.key);
    return 'applied';
  }

  async clear(cache: string): Promise<EvictOutcome> {
    this.mark(clearMark(cache));
    return 'applied';
  }

  async evictTag(tag: string): Promise<EvictOutcome> {
    this.mark(tagMark(tag));
    return 'applied';
  }

  private grant(id: string): Lease {
    const lease = `${this.tick()}:${randomBytes(9).toString('base64url')}`;
    this.store(this.leases, id, lease, LEASE_MS);
    return lease;
  }

  private mark(name: string): void {
    this.marks.delete(name);
    this.marks.set(name, this.tick());
    if (this.marks.size > this.maxEntries) {
      this.marks.clear();
      this.floor = this.tick();
    }
  }

  private tick(): Stamp {
    return String(++this.clock).padStart(16, '0');
  }

  private drop(id: string): void {
    this.values.delete(id);
    this.leases.delete(id);
  }

  private live(map: Map<string, Stored>, id: string): string | undefined {
    const stored = map.get(id);
    if (!stored) return undefined;
    if (stored.expiresAt > this.now()) return stored.text;
    map.delete(id);
    return undefined;
  }

  private store(map: Map<string, Stored>, id: string, text: string, ttlMs: number): void {
    map.delete(id);
    map.set(id, { text, expiresAt: this.now() + ttlMs });
    if (map.size <= this.maxEntries) return;
    for (const oldest of map.keys()) {
      map.delete(oldest);
      return;
    }
  }
}
