import { AsyncLocalStorage } from 'node:async_hooks';
import type { CacheTransactions } from '../cache.options.js';
import type { Clock } from '../clock.js';
import { entryText } from '../codec/entry-text.js';
import type { Region } from '../region.js';
import { CallBudget } from '../tiers/call-budget.js';
import { randomToken } from '../tiers/random-token.js';
import type { EvictOutcome, Eviction, Lease, Tier } from '../tiers/tier.js';
import type { KeepAlive } from './keep-alive.js';
import type { Lookup } from './lookup.js';

/** A write that has been announced; exactly one of the two is called when it has ended. */
export interface AnnouncedWrite {
  done(result: unknown): Promise<EvictOutcome>;
  failed(): Promise<EvictOutcome>;
  /** What Redis could not be told of before the write. */
  readonly undelivered: readonly Eviction[];
}

export interface WriterOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly transaction?: CacheTransactions;
  /** Drops in this process. */
  readonly drop: (eviction: Eviction) => void;
  readonly onError: (region: Region | undefined, error: unknown) => void;
}

interface Hold {
  readonly token: string;
  readonly undelivered: readonly Eviction[];
  /** The hold and the evict of a write share one allowance of time. */
  readonly budget: CallBudget;
  stopRenewing(): void;
}

/** Evicts, holds and puts: what writes do to entries. */
export class Writer {
  private readonly undelivered = new AsyncLocalStorage<readonly Eviction[]>();

  constructor(
    private readonly tier: Tier,
    private readonly holds: KeepAlive,
    private readonly lookup: Lookup,
    private readonly options: WriterOptions,
  ) {}

  /** Drops now; inside a transaction: announces it, and drops after the outermost commit. */
  async evict(evictions: readonly Eviction[]): Promise<EvictOutcome> {
    if (evictions.length === 0) return 'applied';
    if (!this.options.transaction?.isActive()) return this.drop(evictions);
    await this.announce(evictions);
    return 'pending';
  }

  /**
   * Before a write: drops what it will make untrue, and keeps everybody from filling it again until the write has
   * ended. Should this process die meanwhile, that ends by itself, later than any commit.
   */
  async announce(evictions: readonly Eviction[]): Promise<AnnouncedWrite> {
    const hold = await this.hold(evictions);
    const end = (): Promise<EvictOutcome> => {
      hold.stopRenewing();
      return this.drop(evictions, hold.token, hold.budget);
    };
    const { transaction } = this.options;
    if (!transaction?.isActive()) return { done: end, failed: end, undelivered: hold.undelivered };
    if (hold.undelivered.length > 0) await transaction.outbox?.add(hold.undelivered.map(serialize));
    await transaction.afterCommit(async () => void (await end()));
    if (transaction.afterRollback) await transaction.afterRollback(async () => void (await end()));
    // Nobody would say when it is over: then it lasts as long as it lasts without being renewed.
    else hold.stopRenewing();
    const later = async (): Promise<EvictOutcome> => 'pending';
    return { done: later, failed: later, undelivered: [] };
  }

  /** Runs a write; transactions inside it note what Redis could not be told of, see {@link noteUndelivered}. */
  run<T>(undelivered: readonly Eviction[], write: () => Promise<T>): Promise<T> {
    if (undelivered.length === 0) return write();
    return this.undelivered.run([...(this.undelivered.getStore() ?? []), ...undelivered], write);
  }

  /** Inside a transaction, before it commits. */
  async noteUndelivered(): Promise<void> {
    const evictions = this.undelivered.getStore();
    if (evictions) await this.options.transaction?.outbox?.add(evictions.map(serialize));
  }

  /** Delivers evicts from an outbox, which another process may have left. */
  relay(entries: readonly string[]): Promise<EvictOutcome> {
    return this.drop(entries.map((entry) => JSON.parse(entry) as Eviction));
  }

  /** Stores a value whatever is there; voids what is being loaded. */
  async put(region: Region, args: readonly unknown[], value: unknown): Promise<EvictOutcome> {
    const eviction = region.evictionOf(region.keyOf(args));
    if (this.options.transaction?.isActive()) return this.evict([eviction]);
    const budget = new CallBudget(this.options.deadlineMs);
    const payload = region.codec.encode(value);
    const prefix = await this.prefixOf(region, args, budget);
    return this.store(region, args, payload, prefix, eviction, budget);
  }

  /** Before a write whose result is to be stored. When two of one entry overlap, both only drop it. */
  async announcePut(region: Region, args: readonly unknown[]): Promise<AnnouncedWrite> {
    const eviction = region.evictionOf(region.keyOf(args));
    if (this.options.transaction?.isActive()) return this.announce([eviction]);
    const lease = randomToken();
    const budget = new CallBudget(this.options.deadlineMs);
    const prefix = await this.prefixOf(region, args, budget);
    const hold = await this.hold([eviction], lease, budget);
    const drop = (): Promise<EvictOutcome> => this.drop([eviction], hold.token, budget);
    return {
      undelivered: hold.undelivered,
      failed: () => {
        hold.stopRenewing();
        return drop();
      },
      done: async (result) => {
        hold.stopRenewing();
        if (hold.undelivered.length > 0) return drop();
        try {
          const payload = region.codec.encode(result);
          return await this.store(region, args, payload, prefix, eviction, budget, {
            lease,
            token: hold.token,
          });
        } catch (error) {
          await drop();
          throw error;
        }
      },
    };
  }

  private async hold(
    evictions: readonly Eviction[],
    lease?: Lease,
    budget = new CallBudget(this.options.deadlineMs),
  ): Promise<Hold> {
    const token = randomToken();
    this.dropLocally(evictions);
    const taken = await Promise.allSettled(
      evictions.map((eviction) => this.tier.hold({ eviction, token, lease }, budget)),
    );
    this.dropLocally(evictions);
    const undelivered = evictions.filter((_, at) => taken[at]!.status === 'rejected');
    for (const outcome of taken)
      if (outcome.status === 'rejected') this.options.onError(undefined, outcome.reason);
    const held = evictions.filter((eviction) => !undelivered.includes(eviction));
    const renew = (): Promise<unknown> =>
      Promise.all(
        held.map((eviction) =>
          this.tier.hold(
            { eviction, token, lease, isRenewal: true },
            new CallBudget(this.options.deadlineMs),
          ),
        ),
      );
    return { token, undelivered, budget, stopRenewing: this.holds.start(renew) };
  }

  private async drop(
    evictions: readonly Eviction[],
    token?: string,
    budget = new CallBudget(this.options.deadlineMs),
  ): Promise<EvictOutcome> {
    this.dropLocally(evictions);
    const outcome = await this.tier.evict(evictions, token, budget);
    // A read that met the old value in Redis may have kept it, or begun a load, since the first drop.
    this.dropLocally(evictions);
    return outcome;
  }

  private async store(
    region: Region,
    args: readonly unknown[],
    payload: string,
    prefix: string | undefined,
    eviction: Eviction & { kind: 'entry' },
    budget: CallBudget,
    own?: { lease: Lease; token: string },
  ): Promise<EvictOutcome> {
    const { counters, freshness, codec } = region;
    if (prefix === undefined) return this.drop([eviction], own?.token, budget);
    const ttlMs = freshness.ttlMs(() => codec.decode(payload)!.value, args);
    const freshUntil = this.options.clock.wall() + ttlMs;
    const head = { freshUntil, keptUntil: freshUntil + freshness.keepMs, loadMs: 0 };
    const entry = { text: entryText(prefix, head, payload), ttlMs: ttlMs + freshness.keepMs };
    this.dropLocally([eviction]);
    try {
      const stored = await this.tier.put(eviction.slot, entry, own, budget);
      if (stored) counters.fills++;
      else counters.fillsRefused++;
      return 'applied';
    } catch (error) {
      this.options.onError(region, error);
      // What is there is older than the value: if it cannot be replaced it has to go.
      return await this.tier.evict([eviction], own?.token, budget);
    } finally {
      this.dropLocally([eviction]);
    }
  }

  /** How a new entry would begin; undefined while another write is under way, or when that cannot be known. */
  private async prefixOf(
    region: Region,
    args: readonly unknown[],
    budget: CallBudget,
  ): Promise<string | undefined> {
    try {
      return (await this.lookup.look({ region, args, key: region.keyOf(args), budget })).prefix;
    } catch (error) {
      this.options.onError(region, error);
      return undefined;
    }
  }

  private dropLocally(evictions: readonly Eviction[]): void {
    for (const eviction of evictions) this.options.drop(eviction);
  }
}

const serialize = (eviction: Eviction): string => JSON.stringify(eviction);
