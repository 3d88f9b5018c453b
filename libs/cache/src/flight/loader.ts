import { CacheDeclarationError } from '../cache.errors.js';
import type { Clock } from '../clock.js';
import { entryText, type Entry, type EntryHead } from '../codec/entry-text.js';
import type { Region } from '../region.js';
import { CallBudget } from '../tiers/call-budget.js';
import type { Fence, LocalTier } from '../tiers/local-tier.js';
import type { Lease, Tier } from '../tiers/tier.js';
import type { Flight, Outcome } from './flight.js';
import type { KeepAlive } from './keep-alive.js';
import { currentLoads, insideLoad, isUnchanged, type Load } from './load.js';
import { ABSENT } from './load-batch.js';

/** Where one read stands: what it reads, and what must be unchanged when its value is kept. */
export interface ReadContext {
  readonly region: Region;
  readonly args: readonly unknown[];
  readonly key: string;
  readonly fence: Fence;
  readonly budget: CallBudget;
}

/** A value as L1 keeps it. */
interface Form {
  readonly value: unknown;
  /** Set when the value cannot be shared: every caller decodes its own copy. */
  readonly payload?: string;
}

/** An entry, and its value in the form that L1 keeps. */
export interface Decoded extends Form {
  readonly entry: Entry;
}

/** What a load may do with its value. */
export interface Permit {
  /** Permission to fill. */
  readonly lease?: Lease;
  /** How the entry begins; known whenever there is a lease. */
  readonly prefix?: string;
  /** A write is under way, or somebody else is loading: others may know better. */
  readonly doubtful?: boolean;
  /** What the entry was before. */
  readonly old?: Decoded;
}

export interface LoaderOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Told of what went wrong between the service and its cache; the call itself goes on. */
  readonly onError: (region: Region, error: unknown) => void;
  readonly inStep: (now: number) => boolean;
  /** Whether other instances may evict. */
  readonly isShared: boolean;
}

/** Runs loaders, and stores what they return while their permit stands. */
export class Loader {
  constructor(
    private readonly local: LocalTier,
    private readonly tier: Tier,
    private readonly leases: KeepAlive,
    private readonly options: LoaderOptions,
  ) {}

  async load(read: ReadContext, load: Load, permit: Permit, flight?: Flight): Promise<Outcome> {
    const { lease } = permit;
    if (lease === undefined) return this.loadAndKeep(read, load, permit, flight);
    const { region, key } = read;
    const done = this.leases.start(() => this.tier.renew(region.slot(key), lease));
    try {
      return await this.loadAndKeep(read, load, permit, flight);
    } catch (error) {
      this.giveBack(read, lease);
      throw error;
    } finally {
      done();
    }
  }

  private async loadAndKeep(
    read: ReadContext,
    load: Load,
    permit: Permit,
    flight?: Flight,
  ): Promise<Outcome> {
    const { region } = read;
    const { clock } = this.options;
    const startedAt = clock.now();
    const { old } = permit;
    const previous = old && { value: valueOf(region, old) };
    region.counters.loads++;
    let value: unknown;
    try {
      value = await insideLoad({ flight, previous, outer: currentLoads() }, load.run);
    } catch (error) {
      region.counters.loadErrors++;
      const saved = await this.failSafe(read, permit);
      if (saved) return saved;
      throw error;
    }
    if (value === ABSENT) return this.unstored(read, permit, { value, freshUntil: 0 });
    const loadMs = clock.now() - startedAt;
    region.counters.loadTimes.record(loadMs);
    if (isUnchanged(value)) {
      if (!old) throw nothingBefore(region);
      return this.keep(read, permit, old.entry.payload, old, loadMs);
    }
    const encoded = region.codec.encodeAndCopy(value);
    const { payload } = encoded;
    const form = encoded.shareable ? { value: encoded.value } : { value: undefined, payload };
    if (load.unless?.(valueOf(region, form)))
      return this.unstored(read, permit, { ...form, freshUntil: clock.now() });
    const outcome = await this.keep(read, permit, payload, form, loadMs);
    if (outcome.stored) load.onFilled?.();
    return outcome;
  }

  private async keep(
    read: ReadContext,
    permit: Permit,
    payload: string,
    form: Form,
    loadMs: number,
  ): Promise<Outcome> {
    const { clock } = this.options;
    const { region } = read;
    const { freshness } = region;
    const ttlMs = freshness.ttlMs(() => valueOf(region, form), read.args);
    const outcome = { value: form.value, payload: form.payload, freshUntil: clock.now() + ttlMs };
    if (permit.lease === undefined)
      return { ...outcome, source: 'bypass', stored: false, doubtful: permit.doubtful ?? false };
    const freshUntil = clock.wall() + ttlMs;
    const head = { freshUntil, keptUntil: freshUntil + freshness.keepMs, loadMs };
    const stored = await this.fill(read, permit, head, payload);
    // A clear or a tag evict does not void leases: only what L1 may keep is known to be younger than all of them.
    const kept = stored && this.keepLocally(read, form, payload.length, ttlMs);
    return { ...outcome, source: 'load', stored, doubtful: !kept && this.options.isShared };
  }

  /** The old value, when the loader failed and its cache says so; the loader is left alone for a while then. */
  private async failSafe(read: ReadContext, permit: Permit): Promise<Outcome | undefined> {
    const { region } = read;
    const { clock } = this.options;
    const { failSafeMs, failSafePauseMs } = region.freshness;
    const { old } = permit;
    const wall = clock.wall();
    if (failSafeMs === 0 || !old || permit.lease === undefined || wall >= old.entry.keptUntil)
      return undefined;
    const pausedUntil = Math.min(wall + failSafePauseMs, old.entry.keptUntil);
    // Evicted meanwhile: then the old value is no answer any more.
    if (
      !(await this.fill(
        read,
        permit,
        { freshUntil: pausedUntil, keptUntil: old.entry.keptUntil, loadMs: old.entry.loadMs },
        old.entry.payload,
      ))
    )
      return undefined;
    region.counters.staleHits++;
    const { value, payload } = old;
    const freshUntil = clock.now() + (pausedUntil - wall);
    return { value, payload, freshUntil, source: 'l2', stored: true, doubtful: false };
  }

  private async unstored(
    read: ReadContext,
    permit: Permit,
    entry: { value: unknown; payload?: string; freshUntil: number },
  ): Promise<Outcome> {
    const source = permit.lease === undefined ? 'bypass' : 'load';
    if (permit.lease === undefined)
      return { ...entry, source, stored: false, doubtful: permit.doubtful ?? false };
    const { region, key, budget } = read;
    let stands = false;
    try {
      stands = await this.tier.abandon(region.slot(key), permit.lease, budget);
    } catch (error) {
      this.options.onError(region, error);
      this.giveBack(read, permit.lease);
    }
    return { ...entry, source, stored: false, doubtful: !stands };
  }

  private async fill(read: ReadContext, permit: Permit, head: EntryHead, payload: string): Promise<boolean> {
    const { region, key, budget } = read;
    const { counters } = region;
    try {
      const text = entryText(permit.prefix!, head, payload);
      const ttlMs = Math.max(1, Math.ceil(head.keptUntil - this.options.clock.wall()));
      const stored = await this.tier.fill(region.slot(key), permit.lease!, { text, ttlMs }, budget);
      if (stored) {
        counters.fills++;
        counters.bytesWritten += payload.length;
      } else counters.fillsRefused++;
      return stored;
    } catch (error) {
      // The value was computed; losing it because the cache failed would turn an outage into an error.
      this.options.onError(region, error);
      this.giveBack(read, permit.lease!);
      return false;
    }
  }

  /** Others wait for this lease; nobody has to wait for it to be given back. */
  private giveBack({ region, key }: ReadContext, lease: Lease): void {
    this.tier
      .abandon(region.slot(key), lease, new CallBudget(this.options.deadlineMs))
      .catch((error: unknown) => this.options.onError(region, error));
  }

  /** Keeps a value, whose text has that many characters, in L1 for as long as it may be served without asking. */
  keepLocally(read: ReadContext, form: Form, size: number, freshMs: number): boolean {
    const { region, args, key, fence } = read;
    const now = this.options.clock.now();
    if (region.localTtlMs === undefined || !this.options.inStep(now)) return false;
    const dueMs = freshMs - (region.ttlMs === Infinity ? 0 : region.ttlMs * (1 - region.freshness.aheadAt));
    const expiresAt = now + Math.min(dueMs, region.localTtlMs);
    if (expiresAt <= now) return false;
    const tags = region.tagged ? region.tagsOf(args) : undefined;
    return this.local.put(region, key, fence, {
      value: form.value,
      payload: form.payload,
      expiresAt,
      tags,
      size,
    });
  }
}

/** A payload in the form that L1 keeps; undefined when it is of an unknown kind. */
function formOf(region: Region, payload: string): Form | undefined {
  const decoded = region.codec.decode(payload);
  if (!decoded) return undefined;
  return decoded.shareable ? { value: decoded.value } : { value: undefined, payload };
}

export function decodeEntry(region: Region, entry: Entry): Decoded | undefined {
  const form = formOf(region, entry.payload);
  return form && { entry, value: form.value, payload: form.payload };
}

/** The value itself; one's own copy where it cannot be shared. */
export function valueOf(region: Region, form: Form): unknown {
  return form.payload === undefined ? form.value : region.codec.decode(form.payload)!.value;
}

const nothingBefore = (region: Region): Error =>
  new CacheDeclarationError(
    `cache "${region.name}": the loader returned notModified(), but there was no value before; return it only when previousValue() is defined.`,
  );
