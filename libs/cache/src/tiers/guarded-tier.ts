import type { LoggerService } from '@nestjs/common';
import type { TierHealth } from '../backend.js';
import type { Clock, Timer } from '../clock.js';
import { Breaker, type BreakerState } from './breaker.js';
import { CallBudget } from './call-budget.js';
import { DeadlineExceeded, Deadlines } from './deadline.js';
import { PendingEvictions } from './pending-evictions.js';
import { RecentEvictions } from './recent-evictions.js';
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
  TierBatches,
  TierRead,
} from './tier.js';

/** Redis is not asked: it is unreachable, or evicts that it has not seen yet make its entries untrustworthy. */
export class TierUnavailable extends Error {
  override readonly name = 'TierUnavailable';
}

/** The connection behind a guarded tier, as far as the guard has to know it. */
export interface TierLink {
  /** Why nothing can be sent now; undefined when it can. */
  down(): string | undefined;
  ping(): Promise<unknown>;
  /** Gives the connection up and opens it again: it has been silent for too long. */
  reopen(): void;
  onReady(listener: () => void): void;
  offReady(listener: () => void): void;
}

export interface GuardOptions {
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly logger: LoggerService;
}

const FAILURES_TO_OPEN = 3;
const FIRST_PROBE_MS = 50;
const LONGEST_PROBE_MS = 1_000;
const MOST_PENDING = 10_000;
/** Evicts that were acknowledged this long before a new connection are sent again over it. */
const RECENT_MS = 15_000;
/** A connection that was silent for this long is opened again. */
const SILENT_MS = 5_000;
/** Nobody waits for the replay, so a batch may take longer than a command of a call. */
const REPLAY_DEADLINE_MS = 1_000;

/**
 * What keeps an outage of Redis from becoming one of the service: a deadline for every command, a breaker, and a
 * queue of evicts that could not be delivered. While that queue is not empty nothing is read from Redis.
 */
export class GuardedTier implements Tier, TierHealth {
  readonly batches?: TierBatches;
  private readonly breaker = new Breaker(FAILURES_TO_OPEN);
  private readonly deadlines: Deadlines;
  private readonly pending = new PendingEvictions(MOST_PENDING);
  private readonly recent = new RecentEvictions(RECENT_MS, MOST_PENDING);
  private probeTimer?: Timer;
  private probeDelayMs = FIRST_PROBE_MS;
  private probing = false;
  private lastPing?: { sentAt: number; answer: Promise<unknown> };
  private stopped = false;
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly tier: Tier,
    private readonly link: TierLink,
    private readonly options: GuardOptions,
  ) {
    this.deadlines = new Deadlines(options.clock);
    const { batches } = tier;
    if (!batches) return;
    this.batches = {
      readAll: (requests, budget) => this.within(budget, () => batches.readAll(requests, budget)),
      leaseAll: (requests, budget) =>
        this.leaseAll(requests, budget, () => batches.leaseAll(requests, budget)),
      fillAll: (requests, budget) => this.within(budget, () => batches.fillAll(requests, budget)),
    };
  }

  get breakerState(): BreakerState {
    return this.breaker.state;
  }

  get pendingEvictions(): number {
    return this.pending.size;
  }

  /** Told when the tier stops or starts being used: what was learnt from it may be out of date, waits are pointless. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  watch(cache: string): void {
    this.pending.watch(cache);
  }

  start(): void {
    this.link.onReady(this.onReady);
    const down = this.link.down();
    if (down !== undefined) this.trip(new TierUnavailable(down));
  }

  stop(): void {
    this.stopped = true;
    this.probeTimer?.cancel();
    this.link.offReady(this.onReady);
  }

  read(slot: Slot, marks: readonly string[], budget: CallBudget): Promise<TierRead> {
    return this.within(budget, () => this.tier.read(slot, marks, budget));
  }

  settleMark(mark: string, budget: CallBudget): Promise<MarkVersion> {
    return this.within(budget, () => this.tier.settleMark(mark, budget));
  }

  async lease(request: LeaseRequest, budget: CallBudget): Promise<LeaseAnswer> {
    const ask = async (): Promise<LeaseAnswer[]> => [await this.tier.lease(request, budget)];
    return (await this.leaseAll([request], budget, ask))[0]!;
  }

  private async leaseAll(
    requests: readonly LeaseRequest[],
    budget: CallBudget,
    ask: () => Promise<readonly LeaseAnswer[]>,
  ): Promise<readonly LeaseAnswer[]> {
    let asked: Promise<readonly LeaseAnswer[]> | undefined;
    try {
      return await this.within(budget, () => (asked = ask()));
    } catch (error) {
      // Nobody will use a lease that comes too late, but everybody would wait for it.
      asked?.then(
        (answers) => {
          for (const [at, answer] of answers.entries())
            if (answer.kind === 'lease') this.giveBack(requests[at]!.slot, answer.lease);
        },
        () => undefined,
      );
      throw error;
    }
  }

  private giveBack(slot: Slot, lease: Lease): void {
    this.tier.abandon(slot, lease, new CallBudget(this.options.deadlineMs)).catch((error: unknown) => {
      // It ends by itself, a moment later.
      this.options.logger.debug?.(`A late lease was not given back: ${String(error)}`);
    });
  }

  renew(slot: Slot, lease: Lease): Promise<boolean> {
    return this.within(new CallBudget(this.options.deadlineMs), () => this.tier.renew(slot, lease));
  }

  fill(slot: Slot, lease: Lease, stored: StoredText, budget: CallBudget): Promise<boolean> {
    return this.within(budget, () => this.tier.fill(slot, lease, stored, budget));
  }

  abandon(slot: Slot, lease: Lease, budget: CallBudget): Promise<boolean> {
    return this.within(budget, () => this.tier.abandon(slot, lease, budget));
  }

  hold(request: HoldRequest, budget: CallBudget): Promise<void> {
    return this.within(budget, () => this.tier.hold(request, budget));
  }

  put(
    slot: Slot,
    stored: StoredText,
    own: { readonly lease: Lease; readonly token: string } | undefined,
    budget: CallBudget,
  ): Promise<boolean> {
    return this.within(budget, () => this.tier.put(slot, stored, own, budget));
  }

  async evict(
    evictions: readonly Eviction[],
    token: string | undefined,
    budget = new CallBudget(this.options.deadlineMs),
  ): Promise<EvictOutcome> {
    try {
      const outcome = await this.send(budget, () => this.tier.evict(evictions, token, budget));
      this.recent.add(evictions, this.options.clock.now());
      return outcome;
    } catch (error) {
      // Unknown counts as not done: delivering it twice is harmless.
      for (const eviction of evictions) this.pending.add(eviction, token);
      if (this.breaker.state === 'closed')
        this.options.logger.warn(`An evict is kept until Redis takes it: ${String(error)}`);
      this.changed();
      this.scheduleProbe();
      return 'pending';
    }
  }

  private within<T>(budget: CallBudget, command: () => Promise<T>): Promise<T> {
    if (this.pending.size > 0) return Promise.reject(new TierUnavailable('evicts wait to be delivered'));
    return this.send(budget, command);
  }

  /** Not an async function: on the way of every read, promises are what costs. */
  private send<T>(budget: CallBudget, command: () => Promise<T>): Promise<T> {
    const { clock, deadlineMs } = this.options;
    const ms = Math.min(deadlineMs, Math.ceil(budget.remainingMs));
    const refusal = this.refusal(ms);
    if (refusal) return Promise.reject(refusal);
    const sentAt = clock.now();
    return this.deadlines.within(command(), ms).then(
      (answer) => {
        budget.spend(clock.now() - sentAt);
        this.breaker.succeeded();
        return answer;
      },
      (error: unknown) => {
        budget.spend(clock.now() - sentAt);
        if (countsAgainst(error) && this.breaker.failed()) this.opened(error);
        throw error;
      },
    );
  }

  private refusal(ms: number): TierUnavailable | undefined {
    if (this.breaker.state !== 'closed') return new TierUnavailable('the breaker is open');
    const down = this.link.down();
    if (down !== undefined) {
      // A command now would only wait in the client's queue.
      const error = new TierUnavailable(down);
      this.trip(error);
      return error;
    }
    return ms > 0 ? undefined : new TierUnavailable('the time for this call is used up');
  }

  private trip(error: unknown): void {
    if (this.breaker.open()) this.opened(error);
  }

  private opened(error: unknown): void {
    this.options.logger.warn(`The cache works without Redis until it answers again: ${String(error)}`);
    this.probeDelayMs = FIRST_PROBE_MS;
    this.changed();
    this.scheduleProbe();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  private readonly onReady = (): void => {
    // Another primary, or the same one after a crash, may have lost what was acknowledged just before.
    for (const eviction of this.recent.take(this.options.clock.now())) this.pending.add(eviction);
    this.probeTimer?.cancel();
    this.probeTimer = undefined;
    void this.probe();
  };

  private scheduleProbe(): void {
    if (this.probeTimer || this.probing || this.stopped) return;
    this.probeTimer = this.options.clock.after(this.probeDelayMs, () => {
      this.probeTimer = undefined;
      void this.probe();
    });
  }

  /** Never rejects: a failure only puts the next probe off. */
  private async probe(): Promise<void> {
    if (this.probing || this.stopped) return;
    const wasOpen = this.breaker.state !== 'closed';
    if (!wasOpen && this.pending.size === 0) return;
    this.probing = true;
    const { deadlineMs, logger } = this.options;
    try {
      const down = this.link.down();
      if (down !== undefined) throw new TierUnavailable(down);
      if (wasOpen) this.breaker.probing();
      await this.deadlines.within(this.ping(), deadlineMs);
      // Entries of Redis are trusted only after the evicts that it missed.
      await this.pending.replay((evictions, token) =>
        this.deadlines.within(
          this.tier.evict(evictions, token, new CallBudget(REPLAY_DEADLINE_MS)),
          REPLAY_DEADLINE_MS,
        ),
      );
      this.changed();
      this.breaker.close();
      this.probeDelayMs = FIRST_PROBE_MS;
      if (wasOpen) logger.log('The cache uses Redis.');
    } catch {
      // Said once, when the breaker opened; until then the state is in the statistics.
      if (wasOpen) this.breaker.open();
      this.probeDelayMs = Math.min(this.probeDelayMs * 2, LONGEST_PROBE_MS);
    } finally {
      this.probing = false;
    }
    if (this.breaker.state !== 'closed' || this.pending.size > 0) this.scheduleProbe();
  }

  /** One question at a time: a server that hangs is not buried under probes. */
  private ping(): Promise<unknown> {
    const now = this.options.clock.now();
    if (this.lastPing && now - this.lastPing.sentAt > SILENT_MS) {
      // Half-open, or hung for good. Only a new connection can tell.
      this.lastPing = undefined;
      this.link.reopen();
    }
    if (!this.lastPing) {
      const ping = { sentAt: now, answer: this.link.ping() };
      const forget = (): void => {
        if (this.lastPing === ping) this.lastPing = undefined;
      };
      ping.answer.then(forget, forget);
      this.lastPing = ping;
    }
    return this.lastPing.answer;
  }
}

/** A refusal of one command (out of memory, a wrong type) says nothing about the next; silence and lost trust do. */
function countsAgainst(error: unknown): boolean {
  if (error instanceof DeadlineExceeded || error instanceof TierUnavailable) return true;
  const { name, message } = error as Error;
  return (
    name !== 'ReplyError' ||
    /^(NOAUTH|WRONGPASS|NOPERM|LOADING|MASTERDOWN|READONLY|CLUSTERDOWN)/.test(message)
  );
}
