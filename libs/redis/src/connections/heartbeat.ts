import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from './connection-options.js';
import { within } from './deadline.js';
import { faultOf, refusesAll, refusesWrites, type RedisFault } from './redis-fault.js';
import { SlotKeys } from './slot-keys.js';

/** The key goes by itself when nobody probes any more. */
const PROBE_TTL_MS = 60_000;
/** An answer later than its deadline by this much was held up in this process. */
const STALL_MS = 200;

/** Told what the probes find. */
export interface HeartbeatListener {
  /** Redis takes writes: it has just answered what it was asked at `askedAt` (`performance.now()`). */
  onTaken(askedAt: number): void;
  /** Redis answers and refuses, or no part of it answers. */
  onRefused(fault: RedisFault): void;
  /** A connection is up and of no use yet; one that is silent is given up now and comes back by itself. */
  onUnusable(fault: RedisFault): void;
}

export interface HeartbeatOptions {
  intervalMs: number;
  /** The key that is written, or what such keys begin with. */
  key: string;
}

/**
 * Asks in regular turns. A link can be open and dead (no FIN after a power cut or from a paused server), and a server can
 * answer and refuse what is asked (no memory left, a replica now): only a missing or a bad answer tells. Where commands
 * go, a write is asked, since writes are what gets refused; elsewhere PING.
 */
export class Heartbeat {
  private readonly checking = new Set<RedisClient>();
  private readonly stalled = new WeakSet<RedisClient>();
  private readonly slotKeys: SlotKeys;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly commands: RedisClient,
    private readonly others: () => Iterable<Redis>,
    private readonly options: HeartbeatOptions,
    private readonly listener: HeartbeatListener,
  ) {
    this.slotKeys = new SlotKeys(options.key);
  }

  start(): void {
    this.timer ??= setInterval(() => this.beat(), this.options.intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Asks all that are not being asked. */
  beat(): void {
    this.probe();
    for (const client of this.others()) this.once(client, () => client.ping());
  }

  /** Asks where commands go. */
  probe(): void {
    const { commands } = this;
    if (isCluster(commands)) {
      if (commands.status === 'ready' && !this.checking.has(commands)) void this.probeCluster(commands);
      return;
    }
    this.once(commands, async () => {
      const startedAt = performance.now();
      const fault = await this.write(commands, this.options.key);
      if (fault) this.listener.onRefused(fault);
      else this.listener.onTaken(startedAt);
    });
  }

  /** Gives a client up that does not answer, or does not become ready. */
  private once(client: Redis, ask: () => Promise<unknown>): void {
    if (this.checking.has(client) || (client.status !== 'ready' && client.status !== 'connect')) return;
    const { intervalMs } = this.options;
    const startedAt = performance.now();
    this.checking.add(client);
    const check = client.status === 'ready' ? within(intervalMs, ask()) : becomesReady(client, intervalMs);
    check
      .then(() => this.stalled.delete(client))
      .catch((error: Error) => {
        const fault = faultOf(error);
        if (!fault || fault.code === 'unreachable' || client.status === 'end') return;
        const silent = fault.code === 'no-answer';
        if (silent && this.isOurs(client, performance.now() - startedAt)) return;
        this.listener.onUnusable(fault);
        if (silent) client.disconnect(true);
      })
      .finally(() => this.checking.delete(client));
  }

  /** True for a silence that this process may have made itself, by being busy; not twice in a row. */
  private isOurs(client: RedisClient, elapsedMs: number): boolean {
    if (elapsedMs < this.options.intervalMs + STALL_MS || this.stalled.has(client)) return false;
    this.stalled.add(client);
    return true;
  }

  private async probeCluster(cluster: Cluster): Promise<void> {
    this.checking.add(cluster);
    const startedAt = performance.now();
    const faults = await Promise.all(cluster.nodes('master').map((node) => this.probeNode(cluster, node)));
    this.checking.delete(cluster);
    if (!faults.length || cluster.status !== 'ready') return;
    const found = faults.filter((fault) => fault !== undefined);
    const refusal = found.find((fault) => refusesAll(fault)) ?? found.find((fault) => refusesWrites(fault));
    // While some of the primaries answer, the commands of the others fail one by one.
    if (refusal) this.listener.onRefused(refusal);
    else if (found.length === faults.length) this.listener.onRefused(found[0] as RedisFault);
    else this.listener.onTaken(startedAt);
  }

  private async probeNode(cluster: Cluster, node: Redis): Promise<RedisFault | undefined> {
    const key = this.slotKeys.of(cluster, node);
    if (key === undefined) return undefined;
    try {
      return await within(this.options.intervalMs, this.write(node, key));
    } catch (error) {
      // Who has its slots may be another one by now.
      cluster.refreshSlotsCache();
      return faultOf(error as Error);
    }
  }

  /** The refusal, if there is one. An error that says nothing about Redis as a whole is an answer like another. */
  private async write(client: Redis, key: string): Promise<RedisFault | undefined> {
    try {
      await client.set(key, '', 'PX', PROBE_TTL_MS);
      return undefined;
    } catch (error) {
      const fault = faultOf(error as Error);
      if (!fault || refusesAll(fault) || refusesWrites(fault)) return fault;
      throw error;
    }
  }
}

export const isCluster = (client: RedisClient): client is Cluster => client.isCluster;

/** @throws when a client that is connected, but not ready, has not become so after `deadlineMs`; why, if it can tell. */
async function becomesReady(client: Redis, deadlineMs: number): Promise<void> {
  await sleep(deadlineMs, undefined, { ref: false });
  if (client.status !== 'connect') return;
  // The client waits for the server to load its data, and does not say so.
  const info = await within(deadlineMs, client.info('persistence'));
  if (/^loading:1/m.test(info)) throw new Error('LOADING the server is loading its data');
  if (client.status === 'connect') throw new Error(`no answer to the handshake within ${deadlineMs} ms`);
}
