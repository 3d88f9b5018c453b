import { Logger, type LoggerService, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { BusMessage } from './bus/bus-message.js';
import { RedisBus } from './bus/redis-bus.js';
import { CacheDeclarationError } from './cache.errors.js';
import type { CacheModuleOptions } from './cache.options.js';
import { encodeTag } from './codec/key-encoding.js';
import type { AnyCache } from './declare/cache-declaration.js';
import { durationMs } from './declare/duration.js';
import type { ReadStep, Settle } from './declare/method-plan.js';
import { ABSENT, LoadBatch } from './flight/load-batch.js';
import { Reader, textOf, type Load } from './flight/reader.js';
import { isRecordingStatus, recordStatus } from './http/cache-status.js';
import type { CacheServiceStats } from './observe/cache-stats.js';
import { engineStats } from './observe/engine-stats.js';
import { Region } from './region.js';
import { CallBudget } from './tiers/call-budget.js';
import { GuardedTier, TierUnavailable } from './tiers/guarded-tier.js';
import { LocalTier } from './tiers/local-tier.js';
import { MemoryTier } from './tiers/memory-tier.js';
import type { RedisConnection } from './tiers/redis-script.js';
import { RedisTier } from './tiers/redis-tier.js';
import type { EvictOutcome, Lease, Tier } from './tiers/tier.js';

const START_WAIT_MS = 500;
/** A server that refuses every command would otherwise fill the log at the rate of the requests. */
const WARN_EVERY_MS = 10_000;

/** The caches of one application: declarations become regions, calls go through the tiers, evicts go everywhere. */
export class CacheEngine implements OnModuleInit, OnApplicationShutdown {
  readonly since = new Date();
  private readonly regions = new Map<AnyCache, Region>();
  private readonly byName = new Map<string, Region>();
  private readonly local: LocalTier;
  private readonly tier: Tier;
  private readonly guard?: GuardedTier;
  private readonly bus?: RedisBus;
  private readonly reader: Reader;
  private readonly ownedSubscriber?: RedisConnection;
  private readonly connections: RedisConnection[] = [];
  private readonly logger: LoggerService;
  private readonly deadlineMs: number;
  private readonly defaultTtlMs: number;
  private readonly ttlOverridesMs: ReadonlyMap<string, number>;
  private readonly ttlJitter: number;
  private started?: Promise<void>;

  constructor(private readonly options: CacheModuleOptions) {
    this.logger = options.logger ?? new Logger('Cache');
    this.deadlineMs = options.deadlineMs ?? 50;
    this.ttlJitter = options.ttlJitter ?? 0;
    this.defaultTtlMs = durationMs(options.defaultTtl ?? '1h', 'CacheModule: defaultTtl');
    this.ttlOverridesMs = new Map(
      Object.entries(options.ttlOverrides ?? {}).map(([name, ttl]) => [
        name,
        durationMs(ttl, `CacheModule: ttlOverrides["${name}"]`),
      ]),
    );
    const maxEntries = options.l1?.maxEntries ?? 10_000;
    checkOptions(this.deadlineMs, this.ttlJitter, maxEntries);
    this.local = new LocalTier(maxEntries);
    if (options.redis) {
      const { commands, subscriber } = connectionsOf(options.redis);
      this.ownedSubscriber = subscriber ? undefined : duplicate(commands);
      const listener = subscriber ?? this.ownedSubscriber!;
      this.connections.push(commands, listener);
      const instance = randomBytes(9).toString('base64url');
      const prefix = `${options.prefix ?? 'cache'}:${options.env ?? 'default'}:`;
      const channel = `${prefix}#bus`;
      this.guard = new GuardedTier(
        new RedisTier(commands, { prefix, channel, instance }),
        commands,
        this.deadlineMs,
        this.logger,
        () => this.forgetClears(),
      );
      this.tier = this.guard;
      this.bus = new RedisBus(commands, listener, {
        channel,
        instance,
        logger: this.logger,
        onMessage: (message) => this.heard(message),
        onLost: () => this.local.distrust(),
      });
    } else {
      this.tier = new MemoryTier(maxEntries);
    }
    this.reader = new Reader(this.local, this.tier, this.bus, {
      deadlineMs: this.deadlineMs,
      ttlJitter: this.ttlJitter,
      onError: (region, error) => this.failed(region, error),
    });
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Joins Redis, if it is there; does not wait long for it and does not fail without it. */
  start(): Promise<void> {
    this.started ??= this.join();
    return this.started;
  }

  private async join(): Promise<void> {
    if (!this.guard || !this.bus) return;
    for (const connection of this.connections) {
      // ioredis throws what nobody listens to; the owner logs it, the cache only must not die of it.
      connection.on('error', ignoreConnectionError);
      // A refused connection is retried by the client itself, and seen by its status.
      if (connection.status === 'wait') connection.connect().catch(ignoreConnectionError);
    }
    await settled(this.connections, START_WAIT_MS);
    this.guard.start();
    this.bus.start();
    if (this.guard.breakerState === 'closed') await this.bus.ready(START_WAIT_MS);
  }

  stop(): void {
    this.guard?.stop();
    this.bus?.stop();
    this.ownedSubscriber?.disconnect();
    for (const connection of this.connections) {
      if (connection !== this.ownedSubscriber) connection.off('error', ignoreConnectionError);
    }
  }

  /**
   * The region of a declaration; made when it is first asked for.
   *
   * @throws {@link CacheDeclarationError} when another cache has the name
   */
  region(declaration: AnyCache): Region {
    const known = this.regions.get(declaration);
    if (known) return known;
    const sameName = this.byName.get(declaration.name);
    if (sameName && !sameName.declaration.equals(declaration)) {
      throw new CacheDeclarationError(
        `cache "${declaration.name}" is declared twice with different options; declare it once with defineCache and refer to that.`,
      );
    }
    const region =
      sameName ?? new Region(declaration, this.defaultTtlMs, this.ttlOverridesMs.get(declaration.name));
    this.regions.set(declaration, region);
    this.byName.set(declaration.name, region);
    this.guard?.watch(declaration.name);
    return region;
  }

  /** TTL overrides that name no cache: a typing mistake, most likely. */
  unusedOverrides(): string[] {
    return [...this.ttlOverridesMs.keys()].filter((name) => !this.byName.has(name));
  }

  /** The answer of L1, if the current call may use it. */
  hit(region: Region, key: string): Promise<unknown> | undefined {
    return this.options.transaction?.isActive() ? undefined : this.reader.hit(region, key);
  }

  read(region: Region, args: readonly unknown[], run: () => Promise<unknown>): Promise<unknown> {
    return this.readKey(region, args, region.keyOf(args), { run });
  }

  readKey(region: Region, args: readonly unknown[], key: string, load: Load): Promise<unknown> {
    // A transaction may see what nobody else may see yet.
    if (this.options.transaction?.isActive()) return this.bypass(region, load.run);
    return this.reader.read(region, args, key, load);
  }

  private bypass(region: Region, run: () => Promise<unknown>): Promise<unknown> {
    region.counters.bypasses++;
    if (isRecordingStatus()) recordStatus({ cache: region.name, fwd: 'bypass' });
    return run();
  }

  peek(region: Region, args: readonly unknown[]): Promise<{ value: unknown } | undefined> {
    if (this.options.transaction?.isActive()) return Promise.resolve(undefined);
    return this.reader.peek(region, args, region.keyOf(args));
  }

  /** For `@CacheableMany`: the first argument of the method is the list of ids. */
  async readMany(
    step: ReadStep,
    args: unknown[],
    load: (...args: unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const [ids, ...rest] = args as [readonly unknown[], ...unknown[]];
    if (this.options.transaction?.isActive()) return load(...args);
    const loadItems = async (positions: number[]): Promise<ReadonlyMap<number, unknown>> => {
      const items = (await load(
        positions.map((at) => ids[at]),
        ...rest,
      )) as readonly unknown[];
      const byId = new Map(items.map((item) => [step.idOf!(item), item]));
      return new Map(positions.filter((at) => byId.has(ids[at])).map((at) => [at, byId.get(ids[at])]));
    };
    const values = await this.readAll(
      this.region(step.cache()),
      ids.map((id) => [id]),
      loadItems,
    );
    return values.filter((value) => value !== ABSENT);
  }

  /** One value a list of arguments; `ABSENT` where the loader has none. The loader is called at most once. */
  readAll(
    region: Region,
    argsList: readonly (readonly unknown[])[],
    loadMissing: (positions: number[]) => Promise<ReadonlyMap<number, unknown>>,
  ): Promise<unknown[]> {
    const keys = argsList.map((args) => region.keyOf(args));
    const load = (positions: number[]): Promise<ReadonlyMap<number, unknown>> =>
      this.reader.insideLoads(
        region,
        positions.map((at) => keys[at]!),
        () => loadMissing(positions),
      );
    // A load that another call has begun is joined; waiting for it must not hold this call's own loads back.
    const first = new Map(keys.map((key, at) => [key, at] as const).toReversed());
    const own = [...first.values()].filter((at) => !region.flights.has(keys[at]!));
    const batch = new LoadBatch(own, load);
    const readOwn = async (at: number): Promise<unknown> => {
      try {
        return await this.reader.read(region, argsList[at]!, keys[at]!, { run: () => batch.value(at) });
      } finally {
        batch.decided(at);
      }
    };
    const alone = async (at: number): Promise<unknown> => {
      const values = await load([at]);
      return values.has(at) ? values.get(at) : ABSENT;
    };
    const reads = new Map(own.map((at) => [keys[at]!, readOwn(at)]));
    return Promise.all(
      keys.map(
        (key, at) => reads.get(key) ?? this.reader.read(region, argsList[at]!, key, { run: () => alone(at) }),
      ),
    );
  }

  /** Drops single entries. Inside a transaction: after the outermost commit. */
  async evict(region: Region, argsList: readonly (readonly unknown[])[]): Promise<EvictOutcome> {
    const keys = argsList.map((args) => region.keyOf(args));
    if (keys.length === 0) return 'applied';
    return this.afterCommit(async () => {
      region.counters.evictions += keys.length;
      const drop = (): void => keys.forEach((key) => this.dropLocally(region, key));
      return this.around(drop, () => this.tier.evict(keys.map((key) => region.slot(key))));
    });
  }

  /** Drops every entry of a cache. */
  clear(region: Region): Promise<EvictOutcome> {
    return this.afterCommit(() => {
      region.counters.evictions++;
      return this.around(
        () => this.clearLocally(region),
        () => this.tier.clear(region.name),
      );
    });
  }

  /** Drops every entry with one of the tags, in any cache. */
  evictTags(tags: readonly string[]): Promise<EvictOutcome> {
    const encoded = tags.map(encodeTag);
    return this.afterCommit(() =>
      this.around(
        () => encoded.forEach((tag) => this.evictTagLocally(tag)),
        async () => worst(await Promise.all(encoded.map((tag) => this.tier.evictTag(tag)))),
      ),
    );
  }

  /** Stores a value whatever is there; voids what is being loaded. */
  async put(region: Region, args: readonly unknown[], value: unknown, lease?: Lease): Promise<EvictOutcome> {
    if (this.options.transaction?.isActive()) return this.evict(region, [args]);
    const key = region.keyOf(args);
    const ttlMs = Math.ceil(region.ttlMs * (1 - Math.random() * this.ttlJitter));
    const text = textOf(region, region.codec.encode(value), ttlMs);
    return this.around(
      () => this.dropLocally(region, key),
      async () => {
        try {
          const stored = await this.tier.put(
            region.slot(key),
            lease,
            text,
            ttlMs,
            new CallBudget(this.deadlineMs),
          );
          if (stored) region.counters.fills++;
          else region.counters.fillsRefused++;
          return 'applied';
        } catch (error) {
          this.failed(region, error);
          // What is there is older than the value: if it cannot be replaced it has to go.
          return this.tier.evict([region.slot(key)]);
        }
      },
    );
  }

  /** Before a write whose result is to be stored: two overlapping writes then store nothing rather than the wrong one. */
  async reservePut(region: Region, args: readonly unknown[]): Promise<Settle> {
    const key = region.keyOf(args);
    if (this.options.transaction?.isActive()) return () => this.evict(region, [args]);
    try {
      const lease = await this.tier.reserve(region.slot(key), new CallBudget(this.deadlineMs));
      return (result) => this.put(region, args, result, lease);
    } catch (error) {
      this.failed(region, error);
      return () => this.evict(region, [args]);
    }
  }

  stats(): CacheServiceStats {
    const inStep = this.bus?.inStep(performance.now()) ?? true;
    return engineStats(this.since, [...this.byName.values()], this.guard, inStep);
  }

  private async around(drop: () => void, remote: () => Promise<EvictOutcome>): Promise<EvictOutcome> {
    drop();
    const outcome = await remote();
    // A read that met the old value in Redis may have kept it, or begun a load, since the first drop.
    drop();
    return outcome;
  }

  private async afterCommit(evict: () => Promise<EvictOutcome>): Promise<EvictOutcome> {
    const { transaction } = this.options;
    if (!transaction?.isActive()) return evict();
    await transaction.afterCommit(async () => void (await evict()));
    return 'pending';
  }

  private dropLocally(region: Region, key: string): void {
    region.flights.delete(key);
    this.local.evict(region, key);
  }

  private clearLocally(region: Region): void {
    region.flights.clear();
    region.clearedEra = -1;
    this.local.clear(region);
  }

  private evictTagLocally(tag: string): void {
    this.local.evictTag(tag);
    for (const region of this.byName.values()) if (region.tagged) region.flights.clear();
  }

  private heard(message: BusMessage): void {
    if (message.kind === 'tag') {
      this.evictTagLocally(message.tag);
      return;
    }
    const region = this.byName.get(message.cache);
    if (!region) return;
    if (message.kind === 'evict') {
      this.dropLocally(region, region.keyOfSlot(message.key));
      return;
    }
    region.flights.clear();
    this.local.clear(region);
    if (message.stamp > region.clearedAt) region.clearedAt = message.stamp;
  }

  private forgetClears(): void {
    for (const region of this.byName.values()) region.clearedEra = -1;
  }

  private failed(region: Region, error: unknown): void {
    region.counters.errors++;
    // The guard says once that Redis is away; everything else is worth a line now and then.
    if (error instanceof TierUnavailable) return;
    const now = performance.now();
    if (now < region.quietUntil) return;
    region.quietUntil = now + WARN_EVERY_MS;
    this.logger.warn(
      `cache "${region.name}": ${String(error)} (further errors are counted in the statistics)`,
    );
  }
}

function checkOptions(deadlineMs: number, ttlJitter: number, maxEntries: number): void {
  if (!(deadlineMs > 0)) throw new CacheDeclarationError('CacheModule: deadlineMs must be above 0, e.g. 50.');
  if (!(ttlJitter >= 0 && ttlJitter < 1)) {
    throw new CacheDeclarationError('CacheModule: ttlJitter must be from 0 to below 1, e.g. 0.1.');
  }
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new CacheDeclarationError('CacheModule: l1.maxEntries must be a whole number from 1, e.g. 10000.');
  }
}

function connectionsOf(redis: NonNullable<CacheModuleOptions['redis']>): {
  commands: RedisConnection;
  subscriber?: RedisConnection;
} {
  return 'commands' in redis ? redis : { commands: redis };
}

/** A connection for the subscription; errors reach the status, which is watched. */
function duplicate(redis: RedisConnection): RedisConnection {
  const copy = redis.duplicate();
  copy.on('error', ignoreConnectionError);
  return copy;
}

const ignoreConnectionError = (): void => undefined;

/** Resolves when each connection is ready or has failed once, or after `ms`. */
async function settled(connections: readonly RedisConnection[], ms: number): Promise<void> {
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          if (connection.status === 'ready') return resolve();
          const done = (): void => {
            clearTimeout(timer);
            for (const event of ['ready', 'close', 'end']) connection.off(event, done);
            resolve();
          };
          const timer = setTimeout(done, ms);
          for (const event of ['ready', 'close', 'end']) connection.on(event, done);
        }),
    ),
  );
}

const worst = (outcomes: readonly EvictOutcome[]): EvictOutcome =>
  outcomes.includes('pending') ? 'pending' : 'applied';
