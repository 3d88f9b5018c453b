import type { LoggerService } from '@nestjs/common';
import { Breaker, type BreakerState } from './breaker.js';
import type { CallBudget } from './call-budget.js';
import { DeadlineExceeded, withDeadline } from './deadline.js';
import { PendingEvictions, type EvictionTarget } from './pending-evictions.js';
import type { RedisConnection } from './redis-script.js';
import type { EvictOutcome, Lease, Slot, Stamp, Tier, TierRead, TierText } from './tier.js';

/** Redis is not asked: it is unreachable, or evicts that it has not seen yet make its entries untrustworthy. */
export class TierUnavailable extends Error {
  override readonly name = 'TierUnavailable';
}

const FAILURES_TO_OPEN = 3;
const FIRST_PROBE_MS = 50;
const LONGEST_PROBE_MS = 1_000;
const MOST_PENDING = 10_000;
/** A connection that was silent for this long is opened again. */
const SILENT_MS = 5_000;
/** Nobody waits for the replay, so a batch may take longer than a command of a call. */
const REPLAY_DEADLINE_MS = 1_000;

/**
 * What keeps an outage of Redis from becoming one of the service: a deadline for every command, a breaker, and a
 * queue of evicts that could not be delivered. While that queue is not empty nothing is read from Redis.
 */
export class GuardedTier implements Tier {
  private readonly breaker = new Breaker(FAILURES_TO_OPEN);
  private readonly pending = new PendingEvictions(MOST_PENDING);
  private probeTimer?: NodeJS.Timeout;
  private probeDelayMs = FIRST_PROBE_MS;
  private probing = false;
  private lastPing?: { sentAt: number; answer: Promise<unknown> };
  private stopped = false;

  constructor(
    private readonly tier: Tier,
    private readonly redis: RedisConnection,
    private readonly deadlineMs: number,
    private readonly logger: LoggerService,
    /** Called when the missed evicts were delivered, before anything is read again. */
    private readonly onReplayed: () => void,
  ) {}

  get breakerState(): BreakerState {
    return this.breaker.state;
  }

  get pendingEvictions(): number {
    return this.pending.size;
  }

  watch(cache: string): void {
    this.pending.watch(cache);
  }

  start(): void {
    this.redis.on('ready', this.onReady);
    if (this.redis.status !== 'ready')
      this.trip(new TierUnavailable(`the connection is ${this.redis.status}`));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.probeTimer);
    this.redis.off('ready', this.onReady);
  }

  read(slot: Slot, marks: readonly string[], budget: CallBudget): Promise<TierRead> {
    return this.within(budget, () => this.tier.read(slot, marks, budget));
  }

  lease(
    slot: Slot,
    header: string,
    dead: Stamp,
    budget: CallBudget,
  ): Promise<{ text: string } | { lease: Lease }> {
    return this.within(budget, () => this.tier.lease(slot, header, dead, budget));
  }

  reserve(slot: Slot, budget: CallBudget): Promise<Lease> {
    return this.within(budget, () => this.tier.reserve(slot, budget));
  }

  fill(slot: Slot, lease: Lease, text: TierText, ttlMs: number, budget: CallBudget): Promise<boolean> {
    return this.within(budget, () => this.tier.fill(slot, lease, text, ttlMs, budget));
  }

  put(
    slot: Slot,
    lease: Lease | undefined,
    text: TierText,
    ttlMs: number,
    budget: CallBudget,
  ): Promise<boolean> {
    return this.within(budget, () => this.tier.put(slot, lease, text, ttlMs, budget));
  }

  evict(slots: readonly Slot[]): Promise<EvictOutcome> {
    return this.deliver(
      () => this.tier.evict(slots),
      () => slots.forEach((slot) => this.pending.addSlot(slot)),
    );
  }

  clear(cache: string): Promise<EvictOutcome> {
    return this.deliver(
      () => this.tier.clear(cache),
      () => this.pending.addClear(cache),
    );
  }

  evictTag(tag: string): Promise<EvictOutcome> {
    return this.deliver(
      () => this.tier.evictTag(tag),
      () => this.pending.addTag(tag),
    );
  }

  private async within<T>(budget: CallBudget, command: () => Promise<T>): Promise<T> {
    if (this.pending.size > 0) throw new TierUnavailable('evicts wait to be delivered');
    const startedAt = performance.now();
    try {
      return await this.send(command, Math.min(this.deadlineMs, Math.ceil(budget.remainingMs)));
    } finally {
      budget.spend(performance.now() - startedAt);
    }
  }

  private async deliver(command: () => Promise<EvictOutcome>, keep: () => void): Promise<EvictOutcome> {
    try {
      return await this.send(command, this.deadlineMs);
    } catch (error) {
      // Unknown counts as not done: delivering it twice is harmless.
      keep();
      if (this.breaker.state === 'closed')
        this.logger.warn(`An evict is kept until Redis takes it: ${String(error)}`);
      this.scheduleProbe();
      return 'pending';
    }
  }

  private async send<T>(command: () => Promise<T>, deadlineMs: number): Promise<T> {
    if (this.breaker.state !== 'closed') throw new TierUnavailable('the breaker is open');
    if (this.redis.status !== 'ready') {
      // A command now would only wait in the client's queue.
      const error = new TierUnavailable(`the connection is ${this.redis.status}`);
      this.trip(error);
      throw error;
    }
    if (deadlineMs <= 0) throw new TierUnavailable('the time for this call is used up');
    try {
      const answer = await withDeadline(command(), deadlineMs);
      this.breaker.succeeded();
      return answer;
    } catch (error) {
      if (countsAgainst(error) && this.breaker.failed()) this.opened(error);
      throw error;
    }
  }

  private trip(error: unknown): void {
    if (this.breaker.open()) this.opened(error);
  }

  private opened(error: unknown): void {
    this.logger.warn(`The cache works without Redis until it answers again: ${String(error)}`);
    this.probeDelayMs = FIRST_PROBE_MS;
    this.scheduleProbe();
  }

  private readonly onReady = (): void => {
    clearTimeout(this.probeTimer);
    this.probeTimer = undefined;
    void this.probe();
  };

  private scheduleProbe(): void {
    if (this.probeTimer || this.probing || this.stopped) return;
    this.probeTimer = setTimeout(() => {
      this.probeTimer = undefined;
      void this.probe();
    }, this.probeDelayMs);
  }

  /** Never rejects: a failure only puts the next probe off. */
  private async probe(): Promise<void> {
    if (this.probing || this.stopped) return;
    const wasOpen = this.breaker.state !== 'closed';
    if (!wasOpen && this.pending.size === 0) return;
    this.probing = true;
    try {
      if (this.redis.status !== 'ready') throw new TierUnavailable(`the connection is ${this.redis.status}`);
      if (wasOpen) this.breaker.probing();
      await withDeadline(this.ping(), this.deadlineMs);
      // Entries of Redis are trusted only after the evicts that it missed.
      await this.pending.replay(this.timed);
      this.onReplayed();
      this.breaker.close();
      this.probeDelayMs = FIRST_PROBE_MS;
      if (wasOpen) this.logger.log('The cache uses Redis.');
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
    if (this.lastPing && performance.now() - this.lastPing.sentAt > SILENT_MS) {
      // Half-open, or hung for good. Only a new connection can tell.
      this.lastPing = undefined;
      this.redis.disconnect(true);
    }
    if (!this.lastPing) {
      const ping = { sentAt: performance.now(), answer: this.redis.ping() };
      const forget = (): void => {
        if (this.lastPing === ping) this.lastPing = undefined;
      };
      ping.answer.then(forget, forget);
      this.lastPing = ping;
    }
    return this.lastPing.answer;
  }

  /** The bare tier with deadlines, for the replay. */
  private readonly timed: EvictionTarget = {
    evict: (slots) => withDeadline(this.tier.evict(slots), REPLAY_DEADLINE_MS),
    clear: (cache) => withDeadline(this.tier.clear(cache), REPLAY_DEADLINE_MS),
    evictTag: (tag) => withDeadline(this.tier.evictTag(tag), REPLAY_DEADLINE_MS),
  };
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
