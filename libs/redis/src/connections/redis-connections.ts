import type { Cluster, Redis } from 'ioredis';
import { Availability, type RedisStatus } from './availability.js';
import { BlockingPool } from './blocking-pool.js';
import { createClient, createSubscriber } from './clients.js';
import { CommandTally } from './command-tally.js';
import {
  addressOf,
  topologyOf,
  type RedisClient,
  type RedisConnectionOptions,
  type RedisTopology,
} from './connection-options.js';
import { within } from './deadline.js';
import { Heartbeat, isCluster } from './heartbeat.js';
import { Inspection } from './inspection.js';
import { Latencies } from './latencies.js';
import { faultOf, refusesAll, refusesWrites, type RedisFault } from './redis-fault.js';
import type { RedisHealth, RedisMetrics } from './redis-health.js';

/** Answer of {@link RedisConnections.ping}. */
export interface RedisPing {
  status: 'off' | 'up' | 'down';
  latencyMs: number;
  /** Why it is down. */
  reason?: string;
}

/** Before a client that gave up is told to connect again. */
const REVIVE_MS = 250;

/**
 * The Redis connections of a process, to a single server, a Sentinel group or a Cluster: one for commands, one for
 * subscriptions, further ones on request. They come up when Redis does, whether that is before the process, after it, or
 * again after an outage; nothing here waits for it or throws because of it. The objects stay the same for good: a
 * connection that was lost comes back in the same client.
 *
 * @example
 * const redis = new RedisConnections({ url: 'redis://localhost:6379' });
 * await redis.start();
 * if (redis.status() === 'ready') await redis.commands?.set('key', 'value');
 * redis.close();
 */
export class RedisConnections {
  /** How Redis is reached; `none` when none is configured. */
  readonly topology: RedisTopology;
  /** Commands; undefined without a configured Redis. Rejects at once while Redis is away. */
  readonly commands: RedisClient | undefined;
  /** Subscriptions only; what is subscribed has to be subscribed again at every {@link onReady}. */
  readonly subscriber: Redis | undefined;
  /** Connections to borrow for commands that block. */
  readonly blocking: BlockingPool;

  private readonly availability: Availability;
  private readonly tally = new CommandTally((error) => this.noteFailedCommand(error));
  private readonly latencies = new Latencies();
  private readonly inspection: Inspection | undefined;
  private readonly heartbeat: Heartbeat | undefined;
  /** Both of the above, without which there is no Redis to speak of. */
  private readonly core: RedisClient[];
  private readonly duplicates = new Set<Redis>();
  private readonly seenReady = new WeakSet<RedisClient>();
  private readonly revivals = new Map<RedisClient, NodeJS.Timeout>();
  private reconnects = 0;
  private started = false;
  private closed = false;

  /** @throws when the options name more than one Redis */
  constructor(private readonly options: RedisConnectionOptions) {
    this.topology = topologyOf(options);
    this.commands = createClient(options, { role: 'commands' });
    this.subscriber = createSubscriber(options, 'subscriber', this.commands);
    this.availability = new Availability(this.commands && addressOf(options));
    this.blocking = new BlockingPool(
      () => createClient(options, { role: 'blocking', blocking: true }),
      () => this.status() === 'ready',
      options.pool,
    );
    this.core = [this.commands, this.subscriber].filter((client) => client !== undefined);
    if (!this.commands) return;
    this.tally.watch(this.commands);
    for (const client of this.core) this.tend(client, true);
    this.inspection = new Inspection(this.commands, options, this.availability);
    const { name = 'rapport', heartbeatMs = 1_000 } = options;
    this.heartbeat = new Heartbeat(
      this.commands,
      () => this.subscribers(),
      { intervalMs: heartbeatMs, key: `${name}:probe` },
      {
        onTaken: (askedAt) => {
          this.latencies.add(performance.now() - askedAt);
          this.availability.accept(askedAt);
        },
        onRefused: (fault) => this.noteRefusal(fault),
        onUnusable: (fault) => this.availability.explain(fault),
      },
    );
  }

  /** `redis` when one is configured, reachable or not. */
  get mode(): 'redis' | 'none' {
    return this.commands ? 'redis' : 'none';
  }

  /** Whether Redis can be used now: connected, the primary, not loading, with a password it accepts. */
  status(): RedisStatus {
    return this.availability.status;
  }

  /** Ready, and not refusing writes because it has no memory left, cannot persist or misses its replicas. */
  writable(): boolean {
    return this.status() === 'ready' && this.availability.fault === undefined;
  }

  /**
   * Connects, and resolves when Redis is ready, or has refused, or after `waitMs`: a process starts with or without it.
   * @param waitMs Milliseconds. @default 1000
   */
  async start(waitMs = 1_000): Promise<void> {
    if (!this.core.length || this.closed || this.started) return;
    this.started = true;
    this.heartbeat?.start();
    this.inspection?.start();
    const connected = Promise.all(this.core.map((client) => client.connect()));
    // A failed first attempt is reported by the error event and repeated by the retry strategy.
    await within(waitMs, connected).catch(() => undefined);
  }

  /** Calls `listener` each time both connections are up (not for the present); returns how to stop. */
  onReady(listener: () => void): () => void {
    return this.availability.onReady(listener);
  }

  /** Calls `listener` each time Redis is lost; returns how to stop. */
  onLost(listener: () => void): () => void {
    return this.availability.onLost(listener);
  }

  /**
   * A further connection for subscriptions, for a part that does not share {@link subscriber}. It connects at once, is
   * tended like the others and closed with them; its own `ready` and `close` events tell when to subscribe (again).
   *
   * @param role - shown in `CLIENT LIST`
   * @returns undefined without a configured Redis
   */
  duplicate(role: string): Redis | undefined {
    const client = createSubscriber(this.options, role, this.commands);
    if (!client || this.closed) return undefined;
    this.duplicates.add(client);
    this.tend(client, false);
    client.connect().catch(ignore);
    return client;
  }

  /**
   * A connection of the caller's own for commands that block for long, to a library that reads a queue for example. It
   * connects when it is told to; nothing here tends it: one that breaks stays broken, and who asked for it closes it and
   * asks for another at the next {@link onReady}.
   *
   * @param role - shown in `CLIENT LIST`
   * @returns undefined without a configured Redis
   */
  dedicated(role: string): RedisClient | undefined {
    return this.closed ? undefined : createClient(this.options, { role, blocking: true });
  }

  /** One PING on the command connection. Never throws, never takes longer than `deadlineMs`. */
  async ping(deadlineMs: number): Promise<RedisPing> {
    if (!this.commands) return { status: 'off', latencyMs: 0 };
    const started = performance.now();
    const elapsed = (): number => Math.round((performance.now() - started) * 10) / 10;
    const away = this.status() === 'ready' ? undefined : this.availability.fault;
    try {
      await within(deadlineMs, this.commands.ping());
      if (!away) return { status: 'up', latencyMs: elapsed() };
      return { status: 'down', latencyMs: elapsed(), reason: away.message };
    } catch (error) {
      return { status: 'down', latencyMs: elapsed(), reason: away?.message ?? (error as Error).message };
    }
  }

  /** What is known about Redis, without asking it. */
  health(): RedisHealth {
    const { status, since, fault } = this.availability;
    const { version = null, memory = null, replication = null } = this.inspection?.latest ?? {};
    return {
      mode: this.topology,
      status,
      writable: this.writable(),
      reason: fault ? { code: fault.code, message: fault.message } : null,
      latencyMs: this.latencies.read(),
      reconnects: this.reconnects,
      since: since.toISOString(),
      memory,
      replication,
      version,
    };
  }

  /** Plain numbers for a metrics endpoint. */
  metrics(): RedisMetrics {
    const { reconnects, blocking } = this;
    return { commands: this.tally.read(), reconnects, pool: blocking.counts() };
  }

  /** Lets go of all connections at once; also of one that does not answer. */
  close(): void {
    this.closed = true;
    this.heartbeat?.stop();
    this.inspection?.stop();
    this.availability.close();
    this.blocking.close();
    for (const timer of this.revivals.values()) clearTimeout(timer);
    for (const client of [...this.core, ...this.duplicates]) client.disconnect();
  }

  /** Follows a connection, and brings it back when ioredis has given it up. */
  private tend(client: RedisClient, isCore: boolean): void {
    client.on('error', (error: Error) => {
      if (isCore && !this.closed) this.availability.explain(faultOf(error) ?? unknownFault(error));
    });
    client.on('ready', () => {
      if (this.seenReady.has(client)) this.reconnects++;
      this.seenReady.add(client);
      if (isCore) this.noteReady(client);
    });
    client.on('close', () => {
      if (isCore) this.noteLink();
    });
    client.on('end', () => {
      if (this.closed) return;
      // It happens where the Sentinels change their mind while they are asked.
      const revive = (): void => void client.connect().catch(ignore);
      this.revivals.set(client, setTimeout(revive, REVIVE_MS));
    });
    if (isCluster(client)) client.on('-node', (node: Redis) => this.noteGoneNode(client, node));
  }

  /** The client neither asks who has the slots of a node now, nor knows our subscriptions, which may be on that node. */
  private noteGoneNode(cluster: Cluster, { options: { host, port } }: Redis): void {
    if (this.closed || cluster.status !== 'ready') return;
    cluster.refreshSlotsCache();
    for (const client of this.subscribers()) {
      const { options, status } = client;
      if (status === 'ready' && options.host === host && options.port === port) client.disconnect(true);
    }
  }

  private subscribers(): Redis[] {
    return [...(this.subscriber ? [this.subscriber] : []), ...this.duplicates];
  }

  private noteReady(client: RedisClient): void {
    this.noteLink();
    if (client !== this.commands) return;
    this.heartbeat?.probe();
    this.inspection?.inspect();
  }

  private noteLink(): void {
    if (this.closed) return;
    const before = this.status();
    this.availability.setLinked(this.core.every(({ status }) => status === 'ready'));
    if (before === 'ready' && this.status() === 'lost') this.blocking.break();
  }

  private noteRefusal(fault: RedisFault): void {
    if (this.closed) return;
    this.availability.refuse(fault);
    if (this.status() === 'lost') this.blocking.break();
    // The primary is elsewhere now, for the subscriptions, too. A Cluster client finds it by itself.
    if (fault.code !== 'read-only' || this.topology === 'cluster') return;
    for (const client of [...this.core, ...this.duplicates])
      if (client.status === 'ready') client.disconnect(true);
  }

  private noteFailedCommand(error: Error): void {
    if (this.status() !== 'ready' || this.closed) return;
    const fault = faultOf(error);
    if (!fault) return;
    if (refusesWrites(fault) || fault.code === 'read-only') this.noteRefusal(fault);
    else if (refusesAll(fault) || fault.code === 'no-answer') this.heartbeat?.probe();
  }
}

/** The connection's own events say what becomes of it. */
const ignore = (): void => undefined;

const unknownFault = (error: Error): RedisFault => ({
  code: 'unreachable',
  message: error.message || error.name,
});
