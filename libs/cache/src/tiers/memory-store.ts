import { clearMessage, evictMessage, tagMessage, wakeMessage, type WakeReason } from '../bus/bus-message.js';
import { systemClock, type Clock } from '../clock.js';
import { BoundedMap } from './bounded-map.js';
import {
  HOLD_MS,
  LEASE_MS,
  clearMark,
  held,
  isHeld,
  tagMark,
  type Eviction,
  type HoldRequest,
  type Lease,
  type LeaseAnswer,
  type LeaseRequest,
  type MarkVersion,
  type Slot,
  type StoredText,
  type TierRead,
} from './tier.js';

interface Stored {
  readonly text: string;
  readonly expiresAt: number;
}

/** Holders of a slot or a mark, and when each hold ends. */
type Holds = Map<string, number>;

/** A subscription to what happens in the store. */
export type StoreListener = (text: string) => void;

/**
 * What the scripts in Redis do, in maps: every method is one atomic step. It is the tier of a process without Redis,
 * and, shared by several engines, the twin of a Redis server in tests.
 *
 * Bounded: the oldest entries and leases make room for new ones, and a mark that has to go drops what lies under it.
 * Holds are as many as there are writes under way.
 */
export class MemoryStore {
  private readonly values: BoundedMap<Stored>;
  private readonly leases: BoundedMap<Stored>;
  private readonly marks: BoundedMap<MarkVersion>;
  private readonly holds = new Map<string, Holds>();
  private readonly waiters = new Map<string, Set<string>>();
  private readonly listeners = new Map<string, StoreListener>();
  private lastVersion = 0;

  constructor(
    maxEntries: number,
    private readonly clock: Clock = systemClock,
  ) {
    this.values = new BoundedMap(maxEntries);
    this.leases = new BoundedMap(maxEntries);
    this.marks = new BoundedMap(maxEntries);
  }

  subscribe(instance: string, listener: StoreListener): void {
    this.listeners.set(instance, listener);
  }

  unsubscribe(instance: string): void {
    this.listeners.delete(instance);
  }

  /** Everything is gone, as after a restart without persistence. */
  flush(): void {
    for (const map of [this.values, this.leases, this.marks, this.holds, this.waiters]) map.clear();
  }

  keys(prefix: string): string[] {
    return this.values.keys().filter((key) => key.startsWith(prefix));
  }

  read(slot: Slot, marks: readonly string[]): TierRead {
    return {
      text: this.live(this.values, slot.key) ?? null,
      marks: marks.map((mark) => this.marks.get(mark) ?? null),
    };
  }

  settleMark(mark: string): MarkVersion {
    const current = this.marks.get(mark);
    if (current !== undefined && !isHeld(current)) return current;
    const stillHeld = this.isHeld(mark);
    if (current !== undefined && stillHeld) return current;
    return this.setMark(mark, stillHeld);
  }

  lease(instance: string, { slot, prefix, seen, versions }: LeaseRequest, token: string): LeaseAnswer {
    const id = slot.key;
    const text = this.live(this.values, id);
    if (text?.startsWith(prefix) && !(seen !== undefined && text.startsWith(seen)))
      return { kind: 'text', text };
    if (this.isHeld(id)) return { kind: 'refused' };
    const lease = `${versions}|${token}`;
    const current = this.live(this.leases, id);
    if (current === lease) return { kind: 'lease', lease };
    if (current?.startsWith(`${versions}|`)) {
      const waiting = this.waiters.get(id) ?? new Set();
      this.waiters.set(id, waiting.add(instance));
      return { kind: 'held' };
    }
    this.store(this.leases, id, lease, LEASE_MS);
    return { kind: 'lease', lease };
  }

  renew(slot: Slot, lease: Lease): boolean {
    if (!this.owns(slot, lease)) return false;
    this.store(this.leases, slot.key, lease, LEASE_MS);
    return true;
  }

  fill(slot: Slot, lease: Lease, { text, ttlMs }: StoredText): boolean {
    if (!this.owns(slot, lease)) return false;
    this.leases.delete(slot.key);
    this.store(this.values, slot.key, text, ttlMs);
    this.wake(slot, 'filled');
    return true;
  }

  abandon(slot: Slot, lease: Lease): boolean {
    if (!this.owns(slot, lease)) return false;
    this.leases.delete(slot.key);
    this.wake(slot, 'abandoned');
    return true;
  }

  put(
    instance: string,
    slot: Slot,
    { text, ttlMs }: StoredText,
    own?: { readonly lease: Lease; readonly token: string },
  ): boolean {
    const stands = own === undefined || this.owns(slot, own.lease);
    if (own) this.letGo(slot.key, own.token);
    const stored = stands && !this.isHeld(slot.key);
    this.drop(instance, slot);
    if (stored) this.store(this.values, slot.key, text, ttlMs);
    return stored;
  }

  hold(instance: string, { eviction, token, lease, isRenewal }: HoldRequest): void {
    const name = nameOf(eviction);
    const keepsLease = isRenewal && lease !== undefined && this.live(this.leases, name) === lease;
    const holds = this.holds.get(name) ?? new Map<string, number>();
    this.holds.set(name, holds.set(token, this.clock.now() + HOLD_MS));
    this.dropAny(instance, eviction);
    if (lease !== undefined && (keepsLease || !isRenewal)) this.store(this.leases, name, lease, HOLD_MS);
  }

  evict(instance: string, eviction: Eviction, token?: string): void {
    if (token !== undefined) this.letGo(nameOf(eviction), token);
    this.dropAny(instance, eviction);
  }

  private dropAny(instance: string, eviction: Eviction): void {
    if (eviction.kind === 'entry') {
      this.drop(instance, eviction.slot);
      return;
    }
    const mark = nameOf(eviction);
    this.setMark(mark, this.isHeld(mark));
    this.publish(
      eviction.kind === 'clear' ? clearMessage(instance, eviction.cache) : tagMessage(instance, eviction.tag),
    );
  }

  private drop(instance: string, slot: Slot): void {
    this.values.delete(slot.key);
    this.leases.delete(slot.key);
    this.publish(evictMessage(instance, slot.cache, slot.key));
    this.wake(slot, 'evicted');
  }

  private owns(slot: Slot, lease: Lease): boolean {
    return this.live(this.leases, slot.key) === lease;
  }

  private isHeld(name: string): boolean {
    const holds = this.holds.get(name);
    if (!holds) return false;
    for (const [token, endsAt] of holds) if (endsAt <= this.clock.now()) holds.delete(token);
    if (holds.size === 0) this.holds.delete(name);
    return holds.size > 0;
  }

  private letGo(name: string, token: string): void {
    const holds = this.holds.get(name);
    holds?.delete(token);
    if (holds?.size === 0) this.holds.delete(name);
  }

  private setMark(mark: string, isStillHeld: boolean): MarkVersion {
    const version = (++this.lastVersion).toString(36);
    const text = isStillHeld ? held(version) : version;
    this.marks.set(mark, text);
    return text;
  }

  private wake(slot: Slot, reason: WakeReason): void {
    const waiting = this.waiters.get(slot.key);
    if (!waiting) return;
    this.waiters.delete(slot.key);
    for (const instance of waiting) this.listeners.get(instance)?.(wakeMessage(reason, slot.cache, slot.key));
  }

  private publish(text: string): void {
    for (const listener of this.listeners.values()) listener(text);
  }

  private live(map: BoundedMap<Stored>, id: string): string | undefined {
    const stored = map.get(id);
    if (!stored) return undefined;
    if (stored.expiresAt > this.clock.now()) return stored.text;
    map.delete(id);
    return undefined;
  }

  private store(map: BoundedMap<Stored>, id: string, text: string, ttlMs: number): void {
    map.set(id, { text, expiresAt: this.clock.now() + ttlMs });
  }
}

function nameOf(eviction: Eviction): string {
  if (eviction.kind === 'entry') return eviction.slot.key;
  return eviction.kind === 'clear' ? clearMark(eviction.cache) : tagMark(eviction.tag);
}
