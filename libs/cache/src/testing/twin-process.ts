import type { LoggerService } from '@nestjs/common';
import type { CacheBackend } from '../backend.js';
import type { Clock, Timer } from '../clock.js';
import { RedisBus } from '../bus/redis-bus.js';
import { GuardedTier, type TierLink } from '../tiers/guarded-tier.js';
import { TwinBusLink } from './twin-bus-link.js';
import { TwinConnection } from './twin-connection.js';
import type { TwinRedis } from './twin-redis.js';
import { TwinTier } from './twin-tier.js';

/** Which of a process's two connections a fault concerns: its commands, or its subscription. */
export type TwinLink = 'commands' | 'notices';

const START_WAIT_MS = 500;

/** One process that uses a {@link TwinRedis}: its backend, its two connections and its timers. */
export class TwinProcess {
  /** For `CacheModuleOptions.backend`. */
  readonly backend: CacheBackend;
  /** How far this process has come in the stream of notices. */
  readonly notifications: Pick<TwinBusLink, 'published' | 'hasHeard'>;
  private readonly commands: TwinConnection;
  private readonly notices: TwinConnection;
  private alive = true;

  /** @internal From `TwinRedis.connect`. */
  constructor(
    readonly name: string,
    private readonly twin: TwinRedis,
  ) {
    const { network, store, options } = twin;
    const clock: Clock = new ProcessClock(twin.clock, () => this.alive);
    this.commands = new TwinConnection(name, twin, network, options.afterReconnect ?? 'fail');
    // A subscription that was cut is never resumed: it is asked for again.
    this.notices = new TwinConnection(`${name}'s subscription`, twin, network, 'fail');
    const link = new TwinBusLink(this.commands, this.notices, store, name);
    this.notifications = link;
    const channels = { channel: 'all', ownChannel: name };
    const bus = new RedisBus(link, { ...channels, instance: name, clock, logger: silent });
    const bare = new TwinTier(this.commands, store, name, options.watch);
    const tier = new GuardedTier(options.tier?.(bare) ?? bare, this.link(), {
      deadlineMs: options.deadlineMs ?? 50,
      clock,
      logger: silent,
    });
    this.backend = {
      tier,
      bus,
      clock,
      health: tier,
      keys: async function* keys(prefix) {
        yield store.keys(prefix);
      },
      start: async (listener) => {
        tier.start();
        bus.start(listener);
        await bus.ready(START_WAIT_MS);
      },
      stop: () => {
        tier.stop();
        bus.stop();
      },
    };
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** Breaks one connection, or both; the process dials again by itself. */
  cut(link?: TwinLink): void {
    for (const connection of this.connections(link)) connection.cut();
  }

  /** Makes one connection half-open, or both: nothing passes, and nobody is told. */
  darken(link?: TwinLink): void {
    for (const connection of this.connections(link)) if (connection.isUp) connection.darken();
  }

  /** Ends {@link darken}: what was held back arrives. */
  lighten(): void {
    for (const connection of this.connections()) connection.lighten();
  }

  /**
   * As SIGKILL does: no timer fires any more and no answer arrives.
   *
   * @param requestsArrive - whether what it had sent still reaches the server
   */
  kill(requestsArrive: boolean): void {
    this.alive = false;
    this.twin.store.unsubscribe(this.name);
    for (const connection of this.connections()) connection.kill(requestsArrive);
    this.twin.forget(this.name);
  }

  private connections(link?: TwinLink): readonly TwinConnection[] {
    if (link === undefined) return [this.commands, this.notices];
    return link === 'commands' ? [this.commands] : [this.notices];
  }

  private link(): TierLink {
    const { commands } = this;
    const listeners = new Set<() => void>();
    commands.onReady(() => {
      for (const listener of listeners) listener();
    });
    return {
      down: () => (commands.isUp ? undefined : 'the connection is closed'),
      ping: () => commands.request('ping', () => undefined),
      reopen: () => commands.cut(),
      onReady: (listener) => void listeners.add(listener),
      offReady: (listener) => void listeners.delete(listener),
    };
  }
}

/** The time of everybody, with timers that end with their process. */
class ProcessClock implements Clock {
  constructor(
    private readonly clock: Clock,
    private readonly isAlive: () => boolean,
  ) {}

  now(): number {
    return this.clock.now();
  }

  wall(): number {
    return this.clock.wall();
  }

  after(ms: number, task: () => void): Timer {
    return this.clock.after(ms, () => {
      if (this.isAlive()) task();
    });
  }

  afterInput(task: () => void): void {
    this.clock.afterInput(task);
  }
}

const silent: LoggerService = { log: () => undefined, warn: () => undefined, error: () => undefined };
