import { CallBudget } from '../tiers/call-budget.js';
import type { LocalTier } from '../tiers/local-tier.js';
import type { Tier } from '../tiers/tier.js';
import type { Region } from '../region.js';
import type { Load } from './load.js';
import type { Loader, ReadContext } from './loader.js';
import type { Found } from './lookup.js';

/** More refreshes than this at a time are left to later reads. */
const MOST_REFRESHES = 1_000;

export interface RefresherOptions {
  readonly deadlineMs: number;
  readonly onError: (region: Region, error: unknown) => void;
}

/** Loads entries anew while the old ones are served. */
export class Refresher {
  constructor(
    private readonly local: LocalTier,
    private readonly tier: Tier,
    private readonly loader: Loader,
    private readonly options: RefresherOptions,
  ) {}

  /** In the background, by one process; an evict voids it. */
  refresh({ region, args, key }: ReadContext, load: Load, found: Found): void {
    const { refreshing, counters } = region;
    if (found.prefix === undefined || refreshing.has(key) || refreshing.size >= MOST_REFRESHES) return;
    refreshing.add(key);
    counters.refreshes++;
    const budget = new CallBudget(this.options.deadlineMs);
    const read = { region, args, key, fence: this.local.fence(region, key), budget };
    this.reload(read, load, found, found.prefix)
      .catch((error: unknown) => this.options.onError(region, error))
      .finally(() => refreshing.delete(key))
      .catch(() => undefined);
  }

  private async reload(
    read: ReadContext,
    load: Load,
    { old, versions }: Found,
    prefix: string,
  ): Promise<void> {
    const request = { slot: read.region.slot(read.key), prefix, seen: old?.entry.lead, versions };
    const answer = await this.tier.lease(request, read.budget);
    if (answer.kind === 'lease') await this.loader.load(read, load, { lease: answer.lease, prefix, old });
  }
}
