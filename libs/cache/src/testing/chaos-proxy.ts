import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ProxiedConnection, type ChaosConnection, type ChaosWay } from './chaos-connection.js';
import type { LaneWeather } from './chaos-lane.js';

/** Options of {@link ChaosProxy.start}. */
export interface ChaosProxyOptions {
  /** Port to listen on, on 127.0.0.1. @default a free one */
  port?: number;
  /**
   * Bytes a connection may have under way in each direction. Above it the sender is no longer read, so that its
   * writes back up as they do on a full TCP window. @default 1_048_576
   */
  maxBytes?: number;
  /** Decides on jitter and stalls, from 0 to below 1; a seeded one makes a run repeatable. @default `Math.random` */
  random?: () => number;
}

/** What a disturbance applies to. */
export interface ChaosScope {
  /** `toServer`: what the client sends. `toClient`: what the server answers. @default `"both"` */
  direction?: ChaosWay | 'both';
  /** Which connections, those that open later included. @default all */
  only?: (connection: ChaosConnection) => boolean;
}

interface Rule {
  readonly scope: ChaosScope;
  readonly dark: boolean;
  /** In ms. */
  readonly late: () => number;
}

/**
 * A TCP proxy in front of one server that behaves like a bad network. Point a client at `proxy.port`, then make it
 * slow, deaf, cut off or unreachable; disturbances add up until {@link heal} or until their own undo function is
 * called.
 *
 * It never drops single pieces of a stream. TCP does not either: a lost packet is sent again, and everything behind
 * it waits. Bytes missing in the middle would desynchronise the protocol, which no real network does. To simulate
 * packet loss use {@link stall}; for a link that carries nothing, {@link blackhole}.
 *
 * Only plain TCP can be told apart by what it carries: over TLS `only` sees no subscriptions.
 *
 * @example
 * const proxy = await ChaosProxy.start({ host: '127.0.0.1', port: 6379 });
 * const redis = new Redis(proxy.port, proxy.host);
 * proxy.blackhole({ only: (connection) => connection.subscribes }); // commands work, messages do not arrive
 * await proxy.heal();
 * await proxy.close();
 */
export class ChaosProxy {
  /** Where it listens. */
  readonly host = '127.0.0.1';
  private readonly server: Server;
  private readonly open = new Map<number, ProxiedConnection>();
  private readonly rules = new Set<Rule>();
  private readonly maxBytes: number;
  private readonly random: () => number;
  private listenPort: number;
  private nextId = 1;

  private constructor(
    private readonly target: { host: string; port: number },
    options: ChaosProxyOptions,
  ) {
    this.listenPort = options.port ?? 0;
    this.maxBytes = options.maxBytes ?? 1_048_576;
    this.random = options.random ?? Math.random;
    this.server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
  }

  /**
   * Listens, and lets everything pass.
   *
   * @param target The server to forward to; it need not run yet. Host: `"127.0.0.1"` unless given.
   * @throws when the port is taken
   */
  static async start(
    target: { host?: string; port: number },
    options: ChaosProxyOptions = {},
  ): Promise<ChaosProxy> {
    const proxy = new ChaosProxy({ host: target.host ?? '127.0.0.1', port: target.port }, options);
    await proxy.listen();
    return proxy;
  }

  /** Where it listens; stays the same through {@link refuse} and {@link heal}. */
  get port(): number {
    return this.listenPort;
  }

  /** Those with at least one side connected, oldest first. */
  get connections(): readonly ChaosConnection[] {
    return [...this.open.values()];
  }

  /**
   * Everything arrives later, in order, in each direction of the scope: a round trip takes twice as much.
   *
   * @param ms Milliseconds.
   * @param jitterMs Up to so many milliseconds on top, at random.
   * @returns ends this delay; what is under way arrives as late as it would have
   */
  delay(ms: number, jitterMs = 0, scope: ChaosScope = {}): () => void {
    return this.add({ scope, dark: false, late: () => ms + this.random() * jitterMs });
  }

  /**
   * Loses packets as a network under TCP does: a share of the pieces arrives `ms` later, and all that follows waits.
   *
   * @param share From 0 to 1.
   * @param ms Milliseconds; a first retransmission takes 200 or more.
   * @returns ends the stalls
   */
  stall(share: number, ms: number, scope: ChaosScope = {}): () => void {
    return this.add({ scope, dark: false, late: () => (this.random() < share ? ms : 0) });
  }

  /**
   * Half-open: connections stay up and new ones are accepted, but nothing gets through, not even that a side has
   * closed. Afterwards all that was sent arrives after all, late, also from a sender that has given up meanwhile; so
   * it does in TCP.
   *
   * @returns ends the darkness
   */
  blackhole(scope: ChaosScope = {}): () => void {
    return this.add({ scope, dark: true, late: () => 0 });
  }

  /**
   * Cuts connections with RST towards both sides; what was under way is lost. New ones are accepted.
   *
   * @param only Which. @default all
   * @returns how many
   */
  reset(only: (connection: ChaosConnection) => boolean = () => true): number {
    const cut = [...this.open.values()].filter(only);
    for (const connection of cut) connection.reset();
    return cut.length;
  }

  /** Stops listening: new connections are refused (ECONNREFUSED); those that are open go on. */
  refuse(): void {
    if (this.server.listening) this.server.close();
  }

  /**
   * Ends every disturbance: all that was held back is sent on, and new connections are accepted.
   *
   * @throws when another process has taken the port since {@link refuse}
   */
  async heal(): Promise<void> {
    this.rules.clear();
    this.pump();
    if (!this.server.listening) await this.listen();
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    this.refuse();
    const gone = [...this.open.values()].map(
      (connection) => new Promise<void>((resolve) => connection.onGone(resolve)),
    );
    this.reset();
    await Promise.all(gone);
  }

  private async listen(): Promise<void> {
    const listening = once(this.server, 'listening');
    this.server.listen(this.listenPort, this.host);
    await listening;
    this.listenPort = (this.server.address() as AddressInfo).port;
  }

  private accept(client: Socket): void {
    const server = connect({ ...this.target, allowHalfOpen: true });
    const id = this.nextId++;
    const weather = (way: ChaosWay, connection: ChaosConnection): LaneWeather => ({
      dark: () => this.rulesFor(way, connection).some(({ dark }) => dark),
      lateMs: () => this.rulesFor(way, connection).reduce((sum, { late }) => sum + late(), 0),
    });
    const connection = new ProxiedConnection(id, client, server, weather, this.maxBytes);
    this.open.set(id, connection);
    connection.onGone(() => this.open.delete(id));
  }

  private rulesFor(way: ChaosWay, connection: ChaosConnection): Rule[] {
    return [...this.rules].filter(({ scope: { direction = 'both', only } }) => {
      return (direction === 'both' || direction === way) && (only?.(connection) ?? true);
    });
  }

  private add(rule: Rule): () => void {
    this.rules.add(rule);
    return () => {
      this.rules.delete(rule);
      this.pump();
    };
  }

  private pump(): void {
    for (const connection of this.open.values()) connection.pump();
  }
}
