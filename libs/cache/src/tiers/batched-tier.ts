import type { CallBudget } from './call-budget.js';
import { TickBatch } from './tick-batch.js';
import type {
  EvictOutcome,
  Eviction,
  FillRequest,
  HoldRequest,
  Lease,
  LeaseAnswer,
  LeaseRequest,
  MarkVersion,
  ReadRequest,
  Slot,
  StoredText,
  Tier,
  TierBatches,
  TierRead,
} from './tier.js';

/** Longer ones keep the server busy while this process waits, instead of both being at work. */
const MOST_READS = 64;
const MOST_SCRIPTED = 16;

/** A tier that is asked in batches where reads and fills come together; everything else goes through as it is. */
class BatchedTier implements Tier {
  private readonly reads: TickBatch<ReadRequest, TierRead>;
  private readonly leases: TickBatch<LeaseRequest, LeaseAnswer>;
  private readonly fills: TickBatch<FillRequest, boolean>;

  constructor(
    private readonly tier: Tier,
    batches: TierBatches,
  ) {
    this.reads = new TickBatch((requests, budget) => batches.readAll(requests, budget), MOST_READS);
    this.leases = new TickBatch((requests, budget) => batches.leaseAll(requests, budget), MOST_SCRIPTED);
    this.fills = new TickBatch((requests, budget) => batches.fillAll(requests, budget), MOST_SCRIPTED);
  }

  read(slot: Slot, marks: readonly string[], budget: CallBudget): Promise<TierRead> {
    return this.reads.add({ slot, marks }, budget);
  }

  lease(request: LeaseRequest, budget: CallBudget): Promise<LeaseAnswer> {
    return this.leases.add(request, budget);
  }

  fill(slot: Slot, lease: Lease, stored: StoredText, budget: CallBudget): Promise<boolean> {
    return this.fills.add({ slot, lease, stored }, budget);
  }

  settleMark(mark: string, budget: CallBudget): Promise<MarkVersion> {
    return this.tier.settleMark(mark, budget);
  }

  renew(slot: Slot, lease: Lease): Promise<boolean> {
    return this.tier.renew(slot, lease);
  }

  abandon(slot: Slot, lease: Lease, budget: CallBudget): Promise<boolean> {
    return this.tier.abandon(slot, lease, budget);
  }

  hold(request: HoldRequest, budget: CallBudget): Promise<void> {
    return this.tier.hold(request, budget);
  }

  put(
    slot: Slot,
    stored: StoredText,
    own: { readonly lease: Lease; readonly token: string } | undefined,
    budget: CallBudget,
  ): Promise<boolean> {
    return this.tier.put(slot, stored, own, budget);
  }

  evict(evictions: readonly Eviction[], token?: string, budget?: CallBudget): Promise<EvictOutcome> {
    return this.tier.evict(evictions, token, budget);
  }
}

/** The tier, asked in batches if it can be. */
export const inBatches = (tier: Tier): Tier => (tier.batches ? new BatchedTier(tier, tier.batches) : tier);
