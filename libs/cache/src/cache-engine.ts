import { Logger, type LoggerService, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { CacheBackend } from './backend.js';
import type { BusMessage } from './bus/bus-message.js';
import { CacheDeclarationError, CacheKeyError } from './cache.errors.js';
import type { CacheModuleOptions } from './cache.options.js';
import { encodeTag } from './codec/key-encoding.js';
import type { AnyCache } from './declare/cache-declaration.js';
import { durationMs } from './declare/duration.js';
import type { ReadStep } from './declare/method-plan.js';
import { KeepAlive } from './flight/keep-alive.js';
import { LeaseDesk } from './flight/lease-desk.js';
import { currentLoads, insideLoad, type Load } from './flight/load.js';
import { ABSENT, LoadBatch } from './flight/load-batch.js';
import { Loader } from './flight/loader.js';
import { Lookup } from './flight/lookup.js';
import { Reader } from './flight/reader.js';
import { Refresher } from './flight/refresher.js';
import { Waiters } from './flight/waiters.js';
import { Writer, type AnnouncedWrite } from './flight/writer.js';
import { isRecordingStatus, recordStatus } from './http/cache-status.js';
import { memoryBackend } from './memory-backend.js';
import { Auditor } from './observe/auditor.js';
import type { CacheServiceStats } from './observe/cache-stats.js';
import { engineStats } from './observe/engine-stats.js';
import { redisBackend } from './redis-backend.js';
import type { Region } from './region.js';
import { Regions } from './regions.js';
import { inBatches } from './tiers/batched-tier.js';
import { TierUnavailable } from './tiers/guarded-tier.js';
import { LocalTier } from './tiers/local-tier.js';
import { HOLD_MS, LEASE_MS, type EvictOutcome, type Eviction } from './tiers/tier.js';

/** A server that refuses every command would otherwise fill the log at the rate of the requests. */
const WARN_EVERY_MS = 10_000;
/** A load that takes longer does not fill; a write that takes longer is not protected any more. */
const LONGEST_LOAD_MS = 60_000;
const LONGEST_WRITE_MS = 600_000;
/** Below it, values of ordinary size would not be kept; most likely another unit was meant. */
const LEAST_L1_BYTES = 65_536;

/** The caches of one application: declarations become regions, calls go through the tiers, evicts go everywhere. */
export class CacheEngine implements OnModuleInit, OnApplicationShutdown {
  readonly since = new Date();
  readonly writer: Writer;
  private readonly regions: Regions;
  private readonly reader: Reader;
  private readonly backend: CacheBackend;
  private readonly waiters: Waiters;
  private readonly leases: KeepAlive;
  private readonly holds: KeepAlive;
  private readonly logger: LoggerService;
  private readonly auditor?: Auditor;
  /** Whether the hit that was just asked for is to be audited; the same call goes on with its loader. */
  private picked = false;
  private readonly quiet = { quietUntil: Number.NEGATIVE_INFINITY };
  private started?: Promise<void>;

  constructor(private readonly options: CacheModuleOptions) {
    this.logger = options.logger ?? new Logger('Cache');
    const { deadlineMs = 50, ttlJitter = 0, transaction } = options;
    const { maxEntries = 10_000, maxBytes } = options.l1 ?? {};
    checkOptions(deadlineMs, ttlJitter, maxEntries, maxBytes);
    this.backend = options.backend ?? backendOf(options, maxEntries, deadlineMs, this.logger);
    const { bus, clock } = this.backend;
    const tier = inBatches(this.backend.tier);
    const local = this.backend.local ?? new LocalTier(maxEntries, maxBytes);
    const defaults = { ...ttlsOf(options), ttlJitter };
    this.regions = new Regions(local, defaults, (name) => this.backend.health?.watch(name));
    this.waiters = new Waiters(clock);
    const onError = (region: Region | undefined, error: unknown): void => this.failed(region, error);
    const renewalFailed = (error: unknown): void => this.failed(undefined, error);
    this.leases = new KeepAlive(clock, LEASE_MS / 3, LONGEST_LOAD_MS, renewalFailed);
    this.holds = new KeepAlive(clock, HOLD_MS / 3, LONGEST_WRITE_MS, renewalFailed);
    const inStep = (now: number): boolean => bus.inStep(now);
    const loader = new Loader(local, tier, this.leases, {
      clock,
      deadlineMs,
      onError,
      inStep,
      isShared: bus.isShared,
    });
    const desk = new LeaseDesk(tier, this.waiters, clock);
    const lookup = new Lookup(tier, bus, { clock, onError });
    const refresher = new Refresher(local, tier, loader, { deadlineMs, onError });
    this.reader = new Reader(local, bus, lookup, desk, loader, refresher, { clock, deadlineMs, onError });
    const drop = (eviction: Eviction): void => this.regions.drop(eviction);
    this.writer = new Writer(tier, this.holds, lookup, {
      clock,
      deadlineMs,
      transaction,
      drop,
      onError,
    });
    if (options.audit) this.auditor = new Auditor(options.audit, clock);
    this.backend.health?.onChange(() => this.tierChanged());
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Joins Redis, if it is there; does not wait long for it and does not fail without it. */
  start(): Promise<void> {
    this.started ??= this.backend.start({
      onMessage: (message) => this.heard(message),
      onLost: () => {
        this.regions.distrust();
        this.waiters.wakeAll();
      },
    });
    return this.started;
  }

  stop(): void {
    this.leases.stop();
    this.holds.stop();
    this.backend.stop();
    this.waiters.wakeAll();
  }

  /** @throws {@link CacheDeclarationError} when another cache has the name */
  region(declaration: AnyCache): Region {
    return this.regions.of(declaration);
  }

  unusedOverrides(): string[] {
    return this.regions.unusedOverrides();
  }

  /** The answer of L1, if the current call may use it. */
  hit(region: Region, key: string): Promise<unknown> | undefined {
    if (this.options.transaction?.isActive()) return undefined;
    // An audited read takes the longer way, which knows the loader.
    if (this.auditor?.picks()) {
      this.picked = true;
      return undefined;
    }
    return this.reader.hit(region, key);
  }

  read(region: Region, args: readonly unknown[], run: () => Promise<unknown>): Promise<unknown> {
    return this.readKey(region, args, region.keyOf(args), { run });
  }

  readKey(region: Region, args: readonly unknown[], key: string, load: Load): Promise<unknown> {
    if (this.passes(region)) return this.bypass(region, load.run);
    if (this.auditor && (this.picked || this.auditor.picks())) {
      this.picked = false;
      return this.readAudited(this.auditor, region, args, key, load);
    }
    return this.reader.read(region, args, key, load);
  }

  private async readAudited(
    auditor: Auditor,
    region: Region,
    args: readonly unknown[],
    key: string,
    load: Load,
  ): Promise<unknown> {
    let loaded = false;
    const run = (): Promise<unknown> => {
      loaded = true;
      return load.run();
    };
    const value = await this.reader.read(region, args, key, { ...load, run });
    const cached = (): Promise<{ value: unknown; ageMs?: number } | undefined> =>
      this.reader.inspect(region, args, key);
    if (!loaded) void auditor.check({ region, key, source: load.run, cached });
    return value;
  }

  peek(region: Region, args: readonly unknown[]): Promise<{ value: unknown } | undefined> {
    if (this.passes(region)) return Promise.resolve(undefined);
    return this.reader.peek(region, args, region.keyOf(args));
  }

  /** For `@CacheableMany`: the first argument of the method is the list of ids. */
  async readMany(
    step: ReadStep,
    args: unknown[],
    load: (...args: unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const [ids, ...rest] = args as [readonly unknown[], ...unknown[]];
    const region = this.region(step.cache());
    if (this.passes(region)) return load(...args);
    const loadItems = async (positions: number[]): Promise<ReadonlyMap<number, unknown>> => {
      const items = (await load(
        positions.map((at) => ids[at]),
        ...rest,
      )) as readonly unknown[];
      const byId = new Map(items.map((item) => [step.idOf!(item), item]));
      return new Map(positions.filter((at) => byId.has(ids[at])).map((at) => [at, byId.get(ids[at])]));
    };
    const values = await this.readAll(
      region,
      ids.map((id) => [id]),
      loadItems,
    );
    return values.filter((value) => value !== ABSENT);
  }

  /** One value a list of arguments; `ABSENT` where the loader has none. The loader is called for all that miss at once. */
  readAll(
    region: Region,
    argsList: readonly (readonly unknown[])[],
    loadMissing: (positions: number[]) => Promise<ReadonlyMap<number, unknown>>,
  ): Promise<unknown[]> {
    if (region.sharedOnly && !this.backend.bus.isShared) return this.loadAll(argsList, loadMissing);
    const keys = argsList.map((args) => region.keyOf(args));
    const load = (positions: number[]): Promise<ReadonlyMap<number, unknown>> => {
      let chain = currentLoads() ?? {};
      for (const at of positions) chain = { flight: region.flights.get(keys[at]!), outer: chain };
      return insideLoad(chain, () => loadMissing(positions));
    };
    // A load that another call has begun is joined; waiting for it must not hold this call's own loads back.
    const first = new Map(keys.map((key, at) => [key, at] as const).toReversed());
    const own = [...first.values()].filter((at) => !region.flights.has(keys[at]!));
    const batch = new LoadBatch(own, load);
    const read = async (at: number): Promise<unknown> => {
      const decided = (): void => batch.decided(at);
      try {
        return await this.reader.read(region, argsList[at]!, keys[at]!, {
          run: () => batch.value(at),
          onWait: decided,
        });
      } finally {
        decided();
      }
    };
    const reads = new Map(own.map((at) => [keys[at]!, read(at)]));
    return Promise.all(keys.map((key, at) => reads.get(key) ?? read(at)));
  }

  private async loadAll(
    argsList: readonly (readonly unknown[])[],
    load: (positions: number[]) => Promise<ReadonlyMap<number, unknown>>,
  ): Promise<unknown[]> {
    const positions = argsList.map((_args, at) => at);
    const loaded = await load(positions);
    return positions.map((at) => (loaded.has(at) ? loaded.get(at) : ABSENT));
  }

  /** Drops single entries. Inside a transaction: after the outermost commit. */
  evict(region: Region, argsList: readonly (readonly unknown[])[]): Promise<EvictOutcome> {
    return this.writer.evict(this.evictionsOf(region, argsList));
  }

  evictionsOf(region: Region, argsList: readonly (readonly unknown[])[]): Eviction[] {
    region.counters.evictions += argsList.length;
    return argsList.map((args) => region.evictionOf(region.keyOf(args)));
  }

  /** Every entry of a cache. */
  clearOf(region: Region): Eviction[] {
    region.counters.evictions++;
    return [{ kind: 'clear', cache: region.name }];
  }

  /** Every entry with one of the tags, in any cache. */
  tagsOf(tags: readonly string[]): Eviction[] {
    return tags.map((tag) => ({ kind: 'tag', tag: encodeTag(tag) }));
  }

  /** Drops entries by the text of their keys, as `redis-cli` shows it between the braces. */
  evictKeys(keys: readonly string[]): Promise<EvictOutcome> {
    return this.writer.evict(keys.flatMap((key) => this.regions.evictionsOf(key)));
  }

  /** Drops the entries whose keys begin with a text; how many there were, and whether all are gone. */
  async evictPrefix(prefix: string): Promise<{ outcome: EvictOutcome; evicted: number }> {
    if (prefix === '')
      throw new CacheKeyError('An empty prefix means every entry; clear the caches one by one instead.');
    const seen = new Set<string>();
    let outcome: EvictOutcome = 'applied';
    for await (const keys of this.backend.keys?.(prefix) ?? []) {
      const fresh = keys.filter((key) => !seen.has(key));
      for (const key of fresh) seen.add(key);
      if ((await this.evictKeys(fresh)) === 'pending') outcome = 'pending';
    }
    // What only this process keeps, because Redis has lost it.
    for (const region of this.regions.all())
      for (const key of region.local.keys()) {
        const slot = region.slot(key);
        if (slot.key.startsWith(prefix) && !seen.has(slot.key)) this.regions.drop({ kind: 'entry', slot });
      }
    return { outcome, evicted: seen.size };
  }

  /** Runs a write between its announcement and its evict. */
  async around<T>(evictions: readonly Eviction[], write: () => Promise<T>): Promise<T> {
    const announced = await this.writer.announce(evictions);
    return this.settled(announced, () => this.writer.run(announced.undelivered, write));
  }

  private async settled<T>(announced: AnnouncedWrite, write: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await write();
    } catch (error) {
      await announced.failed();
      throw error;
    }
    await announced.done(result);
    return result;
  }

  stats(): CacheServiceStats {
    const { bus, clock, health } = this.backend;
    const stats = engineStats(this.since, this.regions.all(), health, bus.inStep(clock.now()));
    return this.auditor ? { ...stats, audit: this.auditor.report() } : stats;
  }

  /** A transaction may see what nobody else may see yet; and some values may be kept only where all can drop them. */
  private passes({ sharedOnly }: Region): boolean {
    return (sharedOnly && !this.backend.bus.isShared) || this.options.transaction?.isActive() === true;
  }

  private bypass(region: Region, run: () => Promise<unknown>): Promise<unknown> {
    region.counters.bypasses++;
    if (isRecordingStatus()) recordStatus({ cache: region.name, fwd: 'bypass' });
    return run();
  }

  private heard(message: BusMessage): void {
    switch (message.kind) {
      case 'wake':
        return this.waiters.wake(message.key, message.reason);
      case 'evict':
        return this.regions.drop({ kind: 'entry', slot: message });
      case 'clear':
      case 'tag':
        return this.regions.drop(message);
    }
  }

  private tierChanged(): void {
    for (const region of this.regions.all()) region.clearVersion = undefined;
    this.waiters.wakeAll();
  }

  private failed(region: Region | undefined, error: unknown): void {
    if (region) region.counters.errors++;
    // The guard says once that Redis is away; everything else is worth a line now and then.
    if (error instanceof TierUnavailable) return;
    const owner = region ?? this.quiet;
    const now = this.backend.clock.now();
    if (now < owner.quietUntil) return;
    owner.quietUntil = now + WARN_EVERY_MS;
    const name = region ? `cache "${region.name}"` : 'cache';
    this.logger.warn(`${name}: ${String(error)} (further errors are counted in the statistics)`);
  }
}

function backendOf(
  options: CacheModuleOptions,
  maxEntries: number,
  deadlineMs: number,
  logger: LoggerService,
): CacheBackend {
  const { redis, prefix = 'cache', env = 'default' } = options;
  if (!redis) return memoryBackend(maxEntries);
  return redisBackend(redis, { prefix: `${prefix}:${env}:`, deadlineMs, logger });
}

function ttlsOf(options: CacheModuleOptions): { ttlMs: number; ttlOverridesMs: Map<string, number> } {
  const overrides = Object.entries(options.ttlOverrides ?? {}).map(
    ([name, ttl]) => [name, durationMs(ttl, `CacheModule: ttlOverrides["${name}"]`)] as const,
  );
  return {
    ttlMs: durationMs(options.defaultTtl ?? '1h', 'CacheModule: defaultTtl'),
    ttlOverridesMs: new Map(overrides),
  };
}

function checkOptions(
  deadlineMs: number,
  ttlJitter: number,
  maxEntries: number,
  maxBytes = LEAST_L1_BYTES,
): void {
  if (!(deadlineMs > 0)) throw new CacheDeclarationError('CacheModule: deadlineMs must be above 0, e.g. 50.');
  if (!(ttlJitter >= 0 && ttlJitter < 1)) {
    throw new CacheDeclarationError('CacheModule: ttlJitter must be from 0 to below 1, e.g. 0.1.');
  }
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new CacheDeclarationError('CacheModule: l1.maxEntries must be a whole number from 1, e.g. 10000.');
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LEAST_L1_BYTES) {
    throw new CacheDeclarationError(
      `CacheModule: l1.maxBytes is a number of bytes from ${LEAST_L1_BYTES}, e.g. 64 * 2 ** 20.`,
    );
  }
}
