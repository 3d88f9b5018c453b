import type { Clock } from '../clock.js';
import { HOLD_MS, type Eviction, type EvictOutcome, type Slot } from '../tiers/tier.js';
import type { TwinProcess } from './twin-process.js';
import type { TwinWatch } from './twin-tier.js';

/** The longest time for which L1 may be served without proof that notices arrive. */
const TRUST_MS = 2_000;

/** What a source keeps under a key: enough to tell when a copy of it was read. */
export interface Versioned {
  readonly key: string;
  /** Goes up with every commit. */
  readonly version: number;
  /** Which load, or which write, this copy comes from. */
  readonly load: number;
}

/**
 * What was broken:
 * - `evict is final`: a read that began after an acknowledged evict got what was loaded before it (G1)
 * - `no fill under a hold`: a loaded value was stored while a write was under way (G4)
 * - `nothing stays stale`: everything is connected and over, and an instance still reads an old version (G3, G4)
 * - `no errors`: a call failed, or never ended, although its source did its part (G5)
 * - `one load`: a key was loaded twice although nothing had gone wrong and nothing was evicted (G8)
 * - `no older than its TTL`
 */
export type Promised =
  | 'evict is final'
  | 'no fill under a hold'
  | 'nothing stays stale'
  | 'no errors'
  | 'one load'
  | 'no older than its TTL';

/** A promise of the cache that a schedule has broken. */
export class Breach extends Error {
  override readonly name = 'Breach';

  constructor(
    readonly promised: Promised,
    message: string,
  ) {
    super(`${promised}: ${message}`);
  }
}

interface Load {
  readonly began: number;
  readonly beganAtMs: number;
}

/** A write and the evict after it, as its caller sees them. */
export interface WatchedEvict {
  readonly process: TwinProcess;
  readonly keys: readonly string[];
  /** Nothing that was loaded before this moment may be read once the evict was acknowledged. */
  voidBefore: number;
  acknowledgedAtMs?: number;
  /** How far each process's notices had come when the evict was acknowledged. */
  readonly notices: Map<TwinProcess, number>;
}

/** A read, from its call to its answer. */
export interface WatchedRead {
  readonly process: TwinProcess;
  readonly key: string;
  /** What was loaded before this moment must not be the answer. */
  readonly floor: number;
}

/** What the checker has to know about the caches in question. */
export interface CheckedCache {
  /** Whether instances may answer from their own copies until they hear of an evict. */
  readonly l1: boolean;
  /** How long an entry may be served, in ms. */
  readonly ttlMs: number;
}

/**
 * Knows every commit of the source, every evict and every read, in the order in which they happened, and throws a
 * {@link Breach} as soon as a read shows what it may not show.
 */
export class Checker implements TwinWatch {
  private moment = 0;
  private evicts = 0;
  private readonly versions = new Map<string, number>();
  private readonly loads: Load[] = [];
  private readonly loadsOfKey = new Map<string, number>();
  private readonly acknowledged: WatchedEvict[] = [];
  /** Who holds what at the server, and until when. */
  private readonly holds = new Map<
    string,
    Map<string, { readonly process: string; readonly until: number }>
  >();
  /** Commits that neither a hold nor an evict protects: their process must live to make up for them. */
  private readonly unprotected = new Map<string, Set<string>>();
  /** Whether a hold may have been kept from the server, by an outage or a late answer. */
  isDisturbed = false;
  /** Set by what happens inside a step of the server, where nobody could catch an error. */
  private found?: Breach;

  constructor(
    private readonly clock: Clock,
    private readonly cache: CheckedCache,
    private readonly processes: readonly TwinProcess[],
  ) {}

  /** @throws {@link Breach} that was found at the server since the last call */
  verify(): void {
    if (this.found) throw this.found;
  }

  fail(promised: Promised, message: string): void {
    this.found ??= new Breach(promised, message);
  }

  /** A call of a process failed, although its source did its part; or it showed a breach. */
  caught(process: TwinProcess, error: unknown): void {
    if (error instanceof Breach) this.found ??= error;
    else this.fail('no errors', `a call of ${process.name} failed: ${String(error)}`);
  }

  /** Whether anything has been written or evicted at all. */
  get hasEvicts(): boolean {
    return this.evicts > 0;
  }

  version(key: string): number {
    return this.versions.get(key) ?? 0;
  }

  loadCount(key: string): number {
    return this.loadsOfKey.get(key) ?? 0;
  }

  /** A loader was called; what it returns is marked with the answer. */
  loadBegan(key: string): number {
    this.loadsOfKey.set(key, this.loadCount(key) + 1);
    return this.origin();
  }

  /**
   * The source took a write.
   *
   * @param announced - whether the process had told its caches of it before; unless something kept it from that, it
   *   may die now
   */
  committed(process: TwinProcess, key: string, announced: boolean): Versioned {
    const version = this.version(key) + 1;
    this.versions.set(key, version);
    const isProtected = announced && (!this.isDisturbed || this.isHeldBy(process.name, key));
    if (!isProtected) this.owners(key).add(process.name);
    return { key, version, load: this.origin() };
  }

  evictBegan(process: TwinProcess, keys: readonly string[]): WatchedEvict {
    this.evicts++;
    return { process, keys, voidBefore: ++this.moment, notices: new Map() };
  }

  /** From now on nothing that was loaded earlier is current for the evict. */
  voidFromNow(evict: WatchedEvict): void {
    evict.voidBefore = ++this.moment;
  }

  evictEnded(evict: WatchedEvict, outcome: EvictOutcome): void {
    if (outcome !== 'applied') return;
    evict.acknowledgedAtMs = this.clock.now();
    for (const process of this.processes) evict.notices.set(process, process.notifications.published);
    this.acknowledged.push(evict);
  }

  readBegan(process: TwinProcess, key: string): WatchedRead {
    let floor = 0;
    for (const evict of this.acknowledged)
      if (evict.voidBefore > floor && evict.keys.includes(key) && this.mustKnow(process, evict))
        floor = evict.voidBefore;
    return { process, key, floor };
  }

  readEnded({ process, key, floor }: WatchedRead, value: Versioned): void {
    const load = this.loads[value.load];
    if (value.key !== key || !load)
      throw new Breach('no errors', `${process.name} read ${key} and got ${JSON.stringify(value)}`);
    if (load.began < floor) {
      throw new Breach(
        'evict is final',
        `${process.name} read ${key} after an acknowledged evict and got version ${value.version} (${this.version(key)} is current), from a load that began before the evict`,
      );
    }
    const ageMs = this.clock.now() - load.beganAtMs;
    if (ageMs > this.cache.ttlMs)
      throw new Breach(
        'no older than its TTL',
        `${process.name} read ${key} that was loaded ${ageMs} ms ago`,
      );
  }

  /** For a read after everything is over: nothing but the current version will do. */
  readLast({ process, key }: WatchedRead, value: Versioned): void {
    if (value.version === this.version(key) || this.isExcused(key)) return;
    throw new Breach(
      'nothing stays stale',
      `when all was over, ${process.name} read version ${value.version} of ${key}; ${this.version(key)} is current`,
    );
  }

  held(instance: string, eviction: Eviction, token: string): void {
    const name = nameOf(eviction);
    const holds = this.holds.get(name) ?? new Map<string, { process: string; until: number }>();
    this.holds.set(name, holds.set(token, { process: instance, until: this.clock.now() + HOLD_MS }));
    this.protect(eviction);
  }

  evicted(eviction: Eviction, token: string | undefined): void {
    if (token !== undefined) this.holds.get(nameOf(eviction))?.delete(token);
    this.protect(eviction);
  }

  filled(slot: Slot): void {
    const holds = this.holds.get(slot.key)?.values() ?? [];
    for (const { process, until } of holds)
      if (until > this.clock.now())
        this.fail('no fill under a hold', `${slot.key} was filled while ${process} held it`);
  }

  flushed(): void {
    // Leases are gone as well, so nothing that was loaded before can be filled.
    this.holds.clear();
    this.unprotected.clear();
  }

  private origin(): number {
    this.loads.push({ began: ++this.moment, beganAtMs: this.clock.now() });
    return this.loads.length - 1;
  }

  /** Whether the process may no longer answer with what the evict has dropped. */
  private mustKnow(process: TwinProcess, evict: WatchedEvict): boolean {
    if (!this.cache.l1 || process === evict.process) return true;
    return (
      process.notifications.hasHeard(evict.notices.get(process) ?? 0) ||
      this.clock.now() - evict.acknowledgedAtMs! > TRUST_MS
    );
  }

  private isHeldBy(process: string, key: string): boolean {
    const now = this.clock.now();
    for (const [name, holds] of this.holds)
      for (const hold of holds.values())
        if (hold.process === process && hold.until > now && concerns(name, key)) return true;
    return false;
  }

  private protect(eviction: Eviction): void {
    const name = nameOf(eviction);
    for (const key of this.unprotected.keys()) if (concerns(name, key)) this.unprotected.delete(key);
  }

  private owners(key: string): Set<string> {
    const owners = this.unprotected.get(key) ?? new Set();
    this.unprotected.set(key, owners);
    return owners;
  }

  /** A process without a hold died after its commit and before its evict: no cache can know of that write. */
  private isExcused(key: string): boolean {
    for (const owner of this.unprotected.get(key) ?? [])
      if (!this.processes.some(({ name, isAlive }) => name === owner && isAlive)) return true;
    return false;
  }
}

/** Marks concern every key; an entry's name holds its key as one of its parts. */
function concerns(name: string, key: string): boolean {
  return name.startsWith('#') || `${name}:`.includes(`:${key}:`);
}

function nameOf(eviction: Eviction): string {
  if (eviction.kind === 'entry') return eviction.slot.key;
  return eviction.kind === 'clear' ? `#clear:${eviction.cache}` : `#tag:${eviction.tag}`;
}
