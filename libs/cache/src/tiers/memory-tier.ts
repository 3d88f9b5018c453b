import { randomToken } from './random-token.js';
import type { MemoryStore } from './memory-store.js';
import type {
  EvictOutcome,
  Eviction,
  HoldRequest,
  Lease,
  LeaseAnswer,
  LeaseRequest,
  MarkVersion,
  Slot,
  StoredText,
  Tier,
  TierRead,
} from './tier.js';

/** One engine's view of a {@link MemoryStore}. Every call is one step of the store, taken when it is made. */
export class MemoryTier implements Tier {
  constructor(
    private readonly store: MemoryStore,
    private readonly instance: string,
  ) {}

  async read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    return this.store.read(slot, marks);
  }

  async settleMark(mark: string): Promise<MarkVersion> {
    return this.store.settleMark(mark);
  }

  async lease(request: LeaseRequest): Promise<LeaseAnswer> {
    return this.store.lease(this.instance, request, randomToken());
  }

  async renew(slot: Slot, lease: Lease): Promise<boolean> {
    return this.store.renew(slot, lease);
  }

  async fill(slot: Slot, lease: Lease, stored: StoredText): Promise<boolean> {
    return this.store.fill(slot, lease, stored);
  }

  async abandon(slot: Slot, lease: Lease): Promise<boolean> {
    return this.store.abandon(slot, lease);
  }

  async hold(request: HoldRequest): Promise<void> {
    this.store.hold(this.instance, request);
  }

  async put(
    slot: Slot,
    stored: StoredText,
    own?: { readonly lease: Lease; readonly token: string },
  ): Promise<boolean> {
    return this.store.put(this.instance, slot, stored, own);
  }

  async evict(evictions: readonly Eviction[], token?: string): Promise<EvictOutcome> {
    for (const eviction of evictions) this.store.evict(this.instance, eviction, token);
    return 'applied';
  }
}
