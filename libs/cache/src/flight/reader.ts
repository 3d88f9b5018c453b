import { AsyncLocalStorage } from 'node:async_hooks';
import { isRecordingStatus, recordStatus } from '../http/cache-status.js';
import type { Region } from '../region.js';
import { CallBudget } from '../tiers/call-budget.js';
import type { Fence, LocalTier } from '../tiers/local-tier.js';
import { NEVER, tagMark, type Lease, type Stamp, type Tier } from '../tiers/tier.js';
import { isLoading, type LoadChain, type Outcome } from './flight.js';
import { ABSENT } from './load-batch.js';

/** Whether what other instances evict reaches this one; see `RedisBus`. */
export interface BusTrust {
  /** Moves with every new subscription: what was learnt from notices before is void. */
  readonly era: number;
  inStep(now: number): boolean;
}

export interface ReaderOptions {
  readonly deadlineMs: number;
  /** 0 to 1: how much of the TTL is left to chance, so that entries filled together do not expire together. */
  readonly ttlJitter: number;
  /** Told of what went wrong between the service and its cache; the call itself goes on. */
  readonly onError: (region: Region, error: unknown) => void;
}

/** A loader, and whether its value may be stored. */
export interface Load {
  readonly run: () => Promise<unknown>;
  readonly unless?: (value: unknown) => boolean;
}

interface Found {
  readonly payload?: string;
  readonly expiresAt: number;
  /** Entries up to here do not count. */
  readonly dead: Stamp;
}

const EXPIRY_DIGITS = 15;

/** Reads through both tiers: L1, then the load in flight, then L2, then a lease and the loader. */
export class Reader {
  private readonly chains = new AsyncLocalStorage<LoadChain>();

  constructor(
    private readonly local: LocalTier,
    private readonly tier: Tier,
    private readonly bus: BusTrust | undefined,
    private readonly options: ReaderOptions,
  ) {}

  read(region: Region, args: readonly unknown[], key: string, load: Load): Promise<unknown> {
    return this.hit(region, key) ?? this.readBeyond(region, args, key, load);
  }

  /** The answer of L1. The same promise for every caller: a hit allocates nothing. */
  hit(region: Region, key: string): Promise<unknown> | undefined {
    if (region.localTtlMs === undefined) return undefined;
    const now = performance.now();
    if (this.bus && !this.bus.inStep(now)) return undefined;
    const entry = this.local.get(region, key, now);
    if (entry === undefined) return undefined;
    region.counters.localHits++;
    if (isRecordingStatus()) recordStatus({ cache: region.name, hit: 'l1', ttlMs: entry.expiresAt - now });
    return entry.answer ?? Promise.resolve(region.codec.decode(entry.payload!)!.value);
  }

  private async readBeyond(
    region: Region,
    args: readonly unknown[],
    key: string,
    load: Load,
  ): Promise<unknown> {
    const startedAt = performance.now();
    const joined = region.flights.get(key);
    if (joined && isLoading(this.chains.getStore(), region.flights, key)) return load.run();
    if (joined) region.counters.coalesced++;
    try {
      const outcome = await (joined?.outcome ?? this.startFlight(region, args, key, load));
      this.record(region, outcome, joined !== undefined);
      return outcome.value === ABSENT ? ABSENT : copyOf(region, outcome);
    } finally {
      region.counters.latency.record(performance.now() - startedAt);
    }
  }

  /** Without a loader: what the cache has, or undefined for a miss. */
  async peek(region: Region, args: readonly unknown[], key: string): Promise<{ value: unknown } | undefined> {
    const hit = this.hit(region, key);
    if (hit) return { value: await hit };
    const fence = this.local.fence(region, key);
    try {
      const found = await this.look(region, args, key, new CallBudget(this.options.deadlineMs));
      const outcome = this.promote(region, args, key, fence, found);
      if (outcome) return { value: copyOf(region, outcome) };
    } catch (error) {
      this.options.onError(region, error);
    }
    region.counters.misses++;
    return undefined;
  }

  /** Runs a loader that loads several keys at once, so that reads of these keys inside it do not wait for it. */
  insideLoads<T>(region: Region, keys: readonly string[], load: () => T): T {
    let chain = this.chains.getStore();
    for (const key of keys) chain = { flights: region.flights, key, outer: chain };
    return chain ? this.chains.run(chain, load) : load();
  }

  private startFlight(region: Region, args: readonly unknown[], key: string, load: Load): Promise<Outcome> {
    const outcome = this.fetch(region, args, key, load);
    const flight = { outcome };
    region.flights.set(key, flight);
    const land = (): void => {
      if (region.flights.get(key) === flight) region.flights.delete(key);
    };
    outcome.then(land, land);
    return outcome;
  }

  private async fetch(region: Region, args: readonly unknown[], key: string, load: Load): Promise<Outcome> {
    const fence = this.local.fence(region, key);
    const budget = new CallBudget(this.options.deadlineMs);
    let lease: Lease | undefined;
    try {
      const found = await this.look(region, args, key, budget);
      const hit = this.promote(region, args, key, fence, found);
      if (hit) return hit;
      const answer = await this.tier.lease(region.slot(key), region.header, found.dead, budget);
      if ('lease' in answer) lease = answer.lease;
      else {
        const filled = this.promote(region, args, key, fence, parse(region, answer.text, found.dead));
        if (filled) return filled;
      }
    } catch (error) {
      this.options.onError(region, error);
    }
    return this.load(region, args, key, load, fence, lease, budget);
  }

  private async load(
    region: Region,
    args: readonly unknown[],
    key: string,
    load: Load,
    fence: Fence,
    lease: Lease | undefined,
    budget: CallBudget,
  ): Promise<Outcome> {
    const { counters, codec } = region;
    counters.loads++;
    let value: unknown;
    try {
      value = await this.insideLoads(region, [key], load.run);
    } catch (error) {
      counters.loadErrors++;
      throw error;
    }
    const source = lease === undefined ? 'bypass' : 'load';
    if (value === ABSENT) return { value, freshUntil: 0, source, stored: false };
    const payload = codec.encode(value);
    const decoded = codec.decode(payload)!;
    const ttlMs = Math.ceil(region.ttlMs * (1 - Math.random() * this.options.ttlJitter));
    const entry = {
      value: decoded.shareable ? decoded.value : undefined,
      payload: decoded.shareable ? undefined : payload,
      freshUntil: performance.now() + ttlMs,
    };
    if (lease === undefined || load.unless?.(decoded.value)) return { ...entry, source, stored: false };
    const stored = await this.fill(region, key, lease, textOf(region, payload, ttlMs), ttlMs, budget);
    if (stored) this.keep(region, args, key, fence, entry);
    return { ...entry, source, stored };
  }

  private async fill(
    region: Region,
    key: string,
    lease: Lease,
    text: { header: string; rest: string },
    ttlMs: number,
    budget: CallBudget,
  ): Promise<boolean> {
    const { counters } = region;
    try {
      const stored = await this.tier.fill(region.slot(key), lease, text, ttlMs, budget);
      if (stored) {
        counters.fills++;
        counters.bytesWritten += text.rest.length;
      } else counters.fillsRefused++;
      return stored;
    } catch (error) {
      // The value was computed; losing it because the cache failed would turn an outage into an error.
      this.options.onError(region, error);
      return false;
    }
  }

  private async look(
    region: Region,
    args: readonly unknown[],
    key: string,
    budget: CallBudget,
  ): Promise<Found> {
    const tagMarks = region.tagged ? region.tagsOf(args).map(tagMark) : [];
    const era = this.bus?.era ?? 0;
    const knowsClears =
      this.bus !== undefined && region.clearedEra === era && this.bus.inStep(performance.now());
    const marks = knowsClears ? tagMarks : [region.clearMark, ...tagMarks];
    const read = await this.tier.read(region.slot(key), marks, budget);
    if (!knowsClears) {
      const clearedAt = read.marks[0] ?? NEVER;
      if (clearedAt > region.clearedAt) region.clearedAt = clearedAt;
      if (this.bus?.era === era) region.clearedEra = era;
    }
    // After the await: a notice may have come in meanwhile.
    let dead = region.clearedAt;
    for (const mark of read.marks) if (mark !== null && mark > dead) dead = mark;
    return parse(region, read.text, dead);
  }

  /** Decodes what L2 had and keeps it in L1; undefined when there is nothing usable. */
  private promote(
    region: Region,
    args: readonly unknown[],
    key: string,
    fence: Fence,
    found: Found,
  ): Outcome | undefined {
    if (found.payload === undefined) return undefined;
    const decoded = this.decode(region, found.payload);
    if (!decoded) return undefined;
    region.counters.remoteHits++;
    region.counters.bytesRead += found.payload.length;
    // Another instance's clock may be off; what it says can only shorten what this one would allow.
    const leftMs = Math.max(0, Math.min(found.expiresAt - Date.now(), region.ttlMs));
    const entry = {
      value: decoded.shareable ? decoded.value : undefined,
      payload: decoded.shareable ? undefined : found.payload,
      freshUntil: performance.now() + leftMs,
    };
    this.keep(region, args, key, fence, entry);
    return { ...entry, source: 'l2', stored: false };
  }

  private decode(region: Region, payload: string): { value: unknown; shareable: boolean } | undefined {
    try {
      return region.codec.decode(payload);
    } catch (error) {
      this.options.onError(region, error);
      return undefined;
    }
  }

  private keep(
    region: Region,
    args: readonly unknown[],
    key: string,
    fence: Fence,
    entry: Pick<Outcome, 'value' | 'payload' | 'freshUntil'>,
  ): void {
    const now = performance.now();
    if (region.localTtlMs === undefined || (this.bus && !this.bus.inStep(now))) return;
    const expiresAt = Math.min(entry.freshUntil, now + region.localTtlMs);
    if (expiresAt <= now) return;
    const tags = region.tagged ? region.tagsOf(args) : undefined;
    this.local.put(region, key, fence, { value: entry.value, payload: entry.payload, expiresAt, tags });
  }

  private record(region: Region, outcome: Outcome, collapsed: boolean): void {
    const { counters } = region;
    if (outcome.source === 'load') counters.misses++;
    else if (outcome.source === 'bypass') counters.bypasses++;
    else if (collapsed) counters.remoteHits++;
    if (!isRecordingStatus()) return;
    const ttlMs = outcome.freshUntil - performance.now();
    if (outcome.source === 'l2') recordStatus({ cache: region.name, hit: 'l2', ttlMs });
    else {
      const fwd = outcome.source === 'load' ? 'miss' : 'bypass';
      recordStatus({ cache: region.name, fwd, stored: outcome.stored && !collapsed, collapsed });
    }
  }
}

/** The text of an entry after its stamp: when it expires, then the payload. */
export function textOf(region: Region, payload: string, ttlMs: number): { header: string; rest: string } {
  const expiresAt = String(Math.round(Date.now() + ttlMs)).padStart(EXPIRY_DIGITS, '0');
  return { header: region.header, rest: expiresAt + payload };
}

function parse(region: Region, text: string | null, dead: Stamp): Found {
  if (text === null || !text.startsWith(region.header)) return { expiresAt: 0, dead };
  const stampEnd = region.header.length + 16;
  if (text.slice(region.header.length, stampEnd) <= dead) return { expiresAt: 0, dead };
  const expiryEnd = stampEnd + EXPIRY_DIGITS;
  return { expiresAt: Number(text.slice(stampEnd, expiryEnd)), payload: text.slice(expiryEnd), dead };
}

function copyOf(region: Region, entry: { value: unknown; payload?: string }): unknown {
  return entry.payload === undefined ? entry.value : region.codec.decode(entry.payload)!.value;
}
