import type { Bus } from '../bus/bus.js';
import { CacheTimeoutError } from '../cache.errors.js';
import type { Clock } from '../clock.js';
import { isRecordingStatus, recordStatus } from '../http/cache-status.js';
import type { Region } from '../region.js';
import { CallBudget } from '../tiers/call-budget.js';
import { TierUnavailable } from '../tiers/guarded-tier.js';
import type { LocalTier } from '../tiers/local-tier.js';
import { closesCircle, type Flight, type LoadChain, type Outcome } from './flight.js';
import type { LeaseDesk } from './lease-desk.js';
import { STALL_MS, currentLoads, trackNesting, tracksNesting, type Load } from './load.js';
import { ABSENT } from './load-batch.js';
import { valueOf, type Decoded, type Loader, type Permit, type ReadContext } from './loader.js';
import type { Found, Lookup } from './lookup.js';
import type { Refresher } from './refresher.js';
import { within } from './within.js';

export interface ReaderOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Told of what went wrong between the service and its cache; the call itself goes on. */
  readonly onError: (region: Region, error: unknown) => void;
}

/** Reads through both tiers: L1, then the load in flight, then L2, then a lease and the loader. */
export class Reader {
  constructor(
    private readonly local: LocalTier,
    private readonly bus: Bus,
    private readonly lookup: Lookup,
    private readonly desk: LeaseDesk,
    private readonly loader: Loader,
    private readonly refresher: Refresher,
    private readonly options: ReaderOptions,
  ) {}

  read(region: Region, args: readonly unknown[], key: string, load: Load): Promise<unknown> {
    return this.hit(region, key) ?? this.readBeyond(region, args, key, load);
  }

  /** The answer of L1. The same promise for every caller: a hit allocates nothing. */
  hit(region: Region, key: string): Promise<unknown> | undefined {
    if (region.localTtlMs === undefined) return undefined;
    const now = this.options.clock.now();
    if (!this.bus.inStep(now)) return undefined;
    const entry = this.local.get(region, key, now);
    if (entry === undefined) return undefined;
    region.counters.localHits++;
    if (isRecordingStatus()) recordStatus({ cache: region.name, hit: 'l1', ttlMs: entry.expiresAt - now });
    return entry.answer ?? Promise.resolve(region.codec.decode(entry.payload!)!.value);
  }

  /** Without a loader: what the cache has, or undefined for a miss. */
  async peek(region: Region, args: readonly unknown[], key: string): Promise<{ value: unknown } | undefined> {
    const hit = this.hit(region, key);
    if (hit) return { value: await hit };
    const read = this.context(region, args, key);
    try {
      const { old } = await this.lookup.look(read);
      const outcome = old && this.promote(read, old);
      if (outcome) return { value: valueOf(region, outcome) };
    } catch (error) {
      this.options.onError(region, error);
    }
    region.counters.misses++;
    return undefined;
  }

  /** What readers are given now, and how old the entry is; without effect on anything. */
  async inspect(
    region: Region,
    args: readonly unknown[],
    key: string,
  ): Promise<{ value: unknown; ageMs?: number } | undefined> {
    const { clock } = this.options;
    const { old } = await this.lookup.look(this.context(region, args, key));
    const leftMs = old ? old.entry.freshUntil - clock.wall() : undefined;
    const ageMs =
      leftMs !== undefined && region.ttlMs !== Infinity ? Math.max(0, region.ttlMs - leftMs) : undefined;
    const hit = this.hit(region, key);
    if (hit) return { value: await hit, ageMs };
    return old && leftMs! > 0 ? { value: valueOf(region, old), ageMs } : undefined;
  }

  private async readBeyond(
    region: Region,
    args: readonly unknown[],
    key: string,
    load: Load,
  ): Promise<unknown> {
    const { clock } = this.options;
    const startedAt = clock.now();
    const chain = currentLoads();
    if (chain) trackNesting();
    const current = region.flights.get(key);
    // A blind load is not waited for: looking again is quicker than having to, after it.
    const joined = current?.blind ? undefined : current;
    const joinedLate = joined?.loading ?? false;
    if (joined && closesCircle(joined, chain)) return load.run();
    try {
      if (joined) region.counters.coalesced++;
      const flight = joined ?? this.takeOff(region, args, key, load);
      let outcome: Outcome;
      if (chain || region.freshness.hasTimeouts)
        outcome = await this.follow(flight, chain, region, args, key);
      else if (!joined || tracksNesting()) outcome = await flight.outcome;
      else outcome = await this.followWatchfully(joined, region, args, key, load);
      if (joined && outcome.doubtful && (joinedLate || outcome.source === 'l2')) {
        // A flight from now on has begun after this read did: whatever it finds is new enough.
        const next = region.flights.get(key);
        if (next && closesCircle(next, chain)) return await load.run();
        outcome = await this.follow(next ?? this.takeOff(region, args, key, load), chain, region, args, key);
      }
      this.record(region, outcome, joined !== undefined);
      if (outcome.source !== 'l2') load.onLoaded?.();
      return outcome.value === ABSENT ? ABSENT : valueOf(region, outcome);
    } finally {
      region.counters.latency.record(clock.now() - startedAt);
    }
  }

  /** Before nesting is tracked, a flight that does not end may be waiting for this very call: then another one starts. */
  private async followWatchfully(
    joined: Flight,
    region: Region,
    args: readonly unknown[],
    key: string,
    load: Load,
  ): Promise<Outcome> {
    const outcome = await within(joined.outcome, STALL_MS, this.options.clock);
    if (outcome) return outcome;
    trackNesting();
    if (region.flights.get(key) === joined) region.flights.delete(key);
    return (region.flights.get(key) ?? this.takeOff(region, args, key, load)).outcome;
  }

  /** Waits for a flight, as long as the cache lets a read wait. */
  private async follow(
    flight: Flight,
    chain: LoadChain | undefined,
    region: Region,
    args: readonly unknown[],
    key: string,
  ): Promise<Outcome> {
    const inside = chain?.flight;
    if (inside) inside.waitsFor = (inside.waitsFor ?? new Set()).add(flight);
    try {
      const { softTimeoutMs, hardTimeoutMs } = region.freshness;
      if (softTimeoutMs === undefined && hardTimeoutMs === undefined) return await flight.outcome;
      return await this.followWithin(
        flight,
        region,
        args,
        key,
        softTimeoutMs ?? Infinity,
        hardTimeoutMs ?? Infinity,
      );
    } finally {
      inside?.waitsFor?.delete(flight);
    }
  }

  private async followWithin(
    flight: Flight,
    region: Region,
    args: readonly unknown[],
    key: string,
    softMs: number,
    hardMs: number,
  ): Promise<Outcome> {
    const { clock } = this.options;
    const first = await within(flight.outcome, Math.min(softMs, hardMs), clock);
    if (first) return first;
    const old = await this.oldAnswer(this.context(region, args, key));
    if (old) return old;
    const second = softMs < hardMs && (await within(flight.outcome, hardMs - softMs, clock));
    if (second) return second;
    throw new CacheTimeoutError(`cache "${region.name}": the loader took longer than ${hardMs} ms.`);
  }

  /** A value beyond its time, if it is still there: an evict would have taken it. */
  private async oldAnswer(read: ReadContext): Promise<Outcome | undefined> {
    try {
      const { old } = await this.lookup.look(read);
      return old && this.serve(read, old);
    } catch (error) {
      this.options.onError(read.region, error);
      return undefined;
    }
  }

  private takeOff(region: Region, args: readonly unknown[], key: string, load: Load): Flight {
    const flight: Flight = {
      outcome: undefined as unknown as Promise<Outcome>,
      loading: false,
      blind: false,
      tags: region.tagged ? region.tagsOf(args) : undefined,
    };
    region.flights.set(key, flight);
    flight.outcome = this.fetch(this.context(region, args, key), load, flight);
    return flight;
  }

  /** One function for the whole way, and not several: on it, promises are what costs. */
  private async fetch(read: ReadContext, load: Load, flight: Flight): Promise<Outcome> {
    const { region, key } = read;
    try {
      let permit: Permit = { doubtful: true };
      try {
        const found = await this.lookup.look(read);
        const { prefix, versions, old } = found;
        const hit = old && this.answerFrom(read, load, found, old);
        if (hit) return hit;
        if (prefix !== undefined) {
          const request = { slot: region.slot(key), prefix, seen: old?.entry.lead, versions };
          const answer = await this.desk.ask(request, read.budget, region.patienceMs, load.onWait);
          if (answer.kind === 'lease') permit = { lease: answer.lease, prefix, old };
          else if (answer.kind === 'text') {
            // Somebody else has filled it meanwhile.
            const filled = this.lookup.decoded(region, prefix, answer.text);
            const late = filled && this.promote(read, filled);
            if (late) return late;
          }
        }
      } catch (error) {
        this.options.onError(region, error);
        // Redis may have acknowledged evicts that this process has not heard of. Who comes while this loads does not
        // wait for it; without Redis at all everybody does, and then shares the next load, or each would start its own.
        flight.blind = this.bus.isShared && !(error instanceof TierUnavailable);
        permit = { doubtful: this.bus.isShared };
      }
      flight.loading = true;
      return await this.loader.load(read, load, permit, flight);
    } finally {
      if (region.flights.get(key) === flight) region.flights.delete(key);
    }
  }

  /** The answer of an entry that was found, if it may be given; starts its refresh where that is due. */
  private answerFrom(read: ReadContext, load: Load, found: Found, old: Decoded): Outcome | undefined {
    const { freshness, ttlMs } = read.region;
    const wall = this.options.clock.wall();
    const { freshUntil } = old.entry;
    if (wall < freshUntil) {
      if (freshness.isDue(old.entry, wall, Number.isFinite(ttlMs) ? ttlMs : 0))
        this.refresher.refresh(read, load, found);
      return this.promote(read, old);
    }
    if (wall >= freshUntil + freshness.staleMs) return undefined;
    this.refresher.refresh(read, load, found);
    return this.serve(read, old);
  }

  /** A fresh entry as an answer, kept in L1; undefined when it is not fresh. */
  private promote(read: ReadContext, old: Decoded): Outcome | undefined {
    const leftMs = old.entry.freshUntil - this.options.clock.wall();
    if (leftMs <= 0) return undefined;
    // Another instance's clock may be off; what it says can only shorten what this one would allow.
    const freshMs = Math.min(leftMs, read.region.ttlMs);
    const kept = this.loader.keepLocally(read, old, old.entry.payload.length, freshMs);
    return this.serve(read, old, kept);
  }

  /** An entry as an answer, fresh or not. */
  private serve({ region }: ReadContext, { entry, value, payload }: Decoded, kept = false): Outcome {
    const { clock } = this.options;
    const { counters } = region;
    const leftMs = entry.freshUntil - clock.wall();
    if (leftMs > 0) counters.remoteHits++;
    else counters.staleHits++;
    counters.bytesRead += entry.payload.length;
    const freshUntil = clock.now() + leftMs;
    const doubtful = !kept && this.bus.isShared;
    return { value, payload, freshUntil, source: 'l2', stored: false, doubtful };
  }

  private context(region: Region, args: readonly unknown[], key: string): ReadContext {
    const budget = new CallBudget(this.options.deadlineMs);
    return { region, args, key, fence: this.local.fence(region, key), budget };
  }

  private record(region: Region, outcome: Outcome, collapsed: boolean): void {
    const { counters } = region;
    if (outcome.source === 'load') counters.misses++;
    else if (outcome.source === 'bypass') counters.bypasses++;
    else if (collapsed) counters.remoteHits++;
    if (!isRecordingStatus()) return;
    const ttlMs = outcome.freshUntil - this.options.clock.now();
    if (outcome.source === 'l2') recordStatus({ cache: region.name, hit: 'l2', ttlMs });
    else {
      const fwd = outcome.source === 'load' ? 'miss' : 'bypass';
      recordStatus({ cache: region.name, fwd, stored: outcome.stored && !collapsed, collapsed });
    }
  }
}
