import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';
import { inBatches } from '../fallback/in-batches.js';
import { KeptState } from '../fallback/kept-state.js';
import { MemoryPresenceStore } from './memory-presence-store.js';
import type {
  ConnectionState,
  PresenceChange,
  PresenceMember,
  PresenceStore,
  PresenceTimes,
  UserPresence,
} from './presence-store.js';
import { PresenceSweeper } from './presence-sweeper.js';
import { RedisPresenceStore } from './redis-presence-store.js';

/** Options of {@link Presence}. */
export interface PresenceOptions extends Partial<PresenceTimes> {
  /** In front of every key, e.g. `rapport:production`. */
  prefix: string;
  /** How long a connection counts after its instance last kept it alive. @default 300_000 (5 minutes) */
  leaseMs?: number;
  /** How often an instance keeps its connections alive. @default a fifth of `leaseMs` */
  renewEveryMs?: number;
  /** How often an instance looks for leases that ended by themselves. @default a thirtieth of `leaseMs` (10 seconds) */
  sweepEveryMs?: number;
  /** How long the last activity of a user who is offline is remembered. @default 86_400_000 (24 hours) */
  rememberMs?: number;
}

/** A connection that comes up. */
export interface NewPresence {
  userId: string;
  /** Unique among all instances and for ever, e.g. a UUID. */
  connectionId: string;
  /** @default none */
  rooms?: readonly string[];
  /** @default 'online' */
  state?: ConnectionState;
}

interface OwnConnection {
  userId: string;
  /** Few, and mostly none: a list takes less than a Set. */
  rooms: readonly string[];
  state: ConnectionState;
}

/** Users or rooms whose leases are renewed in one round trip. */
const BATCH = 500;
/** Departures that Redis has not heard of; beyond it they are left to the end of their leases. */
const MAX_OWED = 10_000;

/**
 * Who is online, among all instances: every connection holds a lease that its instance keeps alive, and a user is online
 * until the last lease ends. The connections of a killed instance end with their leases; one of the others finds that
 * and tells it ({@link onChange}), within `leaseMs` and `sweepEveryMs`. While Redis is away an instance
 * knows its own connections only ({@link degraded}); when Redis is back they are written again.
 *
 * What a dying process may leave behind (a user who is online, but not in the room) ends with the lease.
 *
 * @example
 * const presence = new Presence(connections, { prefix: 'rapport:production' });
 * const { changed, state } = await presence.connect({ userId, connectionId, rooms: ['lobby'] });
 * if (changed) announce(userId, state); // on one instance only
 * await presence.onlineIn('lobby'); // user ids
 */
export class Presence {
  private readonly log = new Logger('Redis');
  private readonly own = new Map<string, OwnConnection>();
  private readonly owed = new Map<string, OwnConnection>();
  private readonly local: MemoryPresenceStore;
  private readonly shared?: RedisPresenceStore;
  private readonly sweeper?: PresenceSweeper;
  private readonly kept: KeptState<PresenceStore>;
  private readonly listeners = new Set<(change: PresenceChange) => void>();

  constructor(connections: RedisConnections, options: PresenceOptions) {
    const { prefix, leaseMs = 300_000, renewEveryMs = leaseMs / 5, rememberMs = 86_400_000 } = options;
    const { sweepEveryMs = leaseMs / 30 } = options;
    const times = { leaseMs, rememberMs };
    this.local = new MemoryPresenceStore(times);
    if (connections.commands) this.shared = new RedisPresenceStore(connections.commands, prefix, times);
    this.kept = new KeptState<PresenceStore>(connections, {
      feature: 'Presence',
      local: this.local,
      shared: this.shared,
      renewEveryMs,
      renew: (redisIsThere) => this.renew(redisIsThere),
    });
    if (!this.shared) return;
    this.sweeper = new PresenceSweeper(connections, this.shared, {
      everyMs: sweepEveryMs,
      settleMs: leaseMs / 5,
      tell: (change) => this.tell(change),
    });
  }

  /** Redis is configured, but this instance answers from its own connections. */
  get degraded(): boolean {
    return this.kept.degraded;
  }

  /** Counts a connection of this instance from now until {@link disconnect}. */
  async connect(connection: NewPresence): Promise<PresenceChange> {
    const { userId, connectionId, rooms = [], state = 'online' } = connection;
    this.owed.delete(connectionId);
    this.own.set(connectionId, { userId, rooms: [...new Set(rooms)], state });
    const member = { connectionId, userId };
    return this.kept.write(async (store) => {
      const [change] = await Promise.all([
        store.keep(userId, [[connectionId, state]]),
        ...rooms.map((room) => store.enter(room, [member])),
      ]);
      if (store === this.shared) await this.shared.watch([userId]);
      return change;
    });
  }

  /** Undefined for a connection that this instance does not have. */
  async disconnect(connectionId: string): Promise<PresenceChange | undefined> {
    const connection = this.own.get(connectionId);
    if (!connection) return undefined;
    this.own.delete(connectionId);
    if (this.shared && this.owed.size < MAX_OWED) this.owed.set(connectionId, connection);
    return this.kept.write((store) => this.drop(store, connectionId, connection));
  }

  /** Says how active the person is. Undefined for a connection that this instance does not have. */
  async setState(connectionId: string, state: ConnectionState): Promise<PresenceChange | undefined> {
    const connection = this.own.get(connectionId);
    if (!connection) return undefined;
    connection.state = state;
    return this.kept.write((store) => store.keep(connection.userId, [[connectionId, state]]));
  }

  /**
   * Keeps connections alive, as the instance does for all of its own by itself; for those that are online it is a sign
   * of activity. Many take one round trip; unknown ones are passed over.
   *
   * @returns what changed, if a lease had run out
   */
  touch(connectionIds: readonly string[]): Promise<PresenceChange[]> {
    return this.kept.write((store) => this.keepAll(store, connectionIds));
  }

  /** Without effect for a connection that this instance does not have. */
  async join(connectionId: string, room: string): Promise<void> {
    const connection = this.own.get(connectionId);
    if (!connection) return;
    if (!connection.rooms.includes(room)) connection.rooms = [...connection.rooms, room];
    await this.kept.write((store) => store.enter(room, [{ connectionId, userId: connection.userId }]));
  }

  async leave(connectionId: string, room: string): Promise<void> {
    const connection = this.own.get(connectionId);
    if (!connection?.rooms.includes(room)) return;
    connection.rooms = connection.rooms.filter((other) => other !== room);
    await this.kept.write((store) => store.leave(room, [{ connectionId, userId: connection.userId }]));
  }

  /** Idle counts: there is a connection. */
  async isOnline(userId: string): Promise<boolean> {
    const [presence] = await this.of([userId]);
    return presence?.state !== 'offline';
  }

  /** Users with a connection in the room, each once. */
  onlineIn(room: string): Promise<string[]> {
    return this.kept.read((store) => store.onlineIn(room));
  }

  /** In the order of the ids; somebody unknown is offline. */
  of(userIds: readonly string[]): Promise<UserPresence[]> {
    return this.kept.read((store) => store.of(userIds));
  }

  /**
   * Hears of changes that no caller was told of: leases of others that ended by themselves, and what was found while the
   * instance kept its connections alive, or wrote them again after Redis was away. One instance hears of each.
   *
   * @returns how to stop
   */
  onChange(listener: (change: PresenceChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends all leases of this instance, so that its users need not wait for that, and stops. */
  async close(): Promise<void> {
    this.kept.close();
    this.sweeper?.close();
    this.listeners.clear();
    const left = [...this.own];
    this.own.clear();
    const { shared } = this;
    if (!shared) return;
    // Given up at the first failure: what is left ends by itself.
    await inBatches(left, BATCH, ([id, own]) => this.drop(shared, id, own)).catch(() => undefined);
  }

  private async drop(
    store: PresenceStore,
    connectionId: string,
    own: OwnConnection,
  ): Promise<PresenceChange> {
    const { userId, rooms } = own;
    const [change] = await Promise.all([
      store.drop(userId, [connectionId]),
      ...rooms.map((room) => store.leave(room, [{ connectionId, userId }])),
    ]);
    if (store === this.shared) this.owed.delete(connectionId);
    return change;
  }

  private async keepAll(store: PresenceStore, connectionIds: Iterable<string>): Promise<PresenceChange[]> {
    const users = new Map<string, string[]>();
    const rooms = new Map<string, PresenceMember[]>();
    for (const connectionId of connectionIds) {
      const connection = this.own.get(connectionId);
      if (!connection) continue;
      const { userId } = connection;
      addTo(users, userId, connectionId);
      for (const room of connection.rooms) addTo(rooms, room, { connectionId, userId });
    }
    // Who goes while an earlier batch is on its way must not be brought back by a later one.
    const stillThere = (id: string, room?: string): boolean => {
      const connection = this.own.get(id);
      return connection !== undefined && (room === undefined || connection.rooms.includes(room));
    };
    const [changes] = await Promise.all([
      inBatches([...users], BATCH, async ([userId, ids]) => {
        const left = ids.filter((id) => stillThere(id));
        const states = left.map((id) => [id, this.own.get(id)?.state ?? 'online'] as const);
        return left.length > 0 ? store.keep(userId, states) : undefined;
      }),
      inBatches([...rooms], BATCH, async ([room, members]) => {
        const left = members.filter(({ connectionId }) => stillThere(connectionId, room));
        if (left.length > 0) await store.enter(room, left);
      }),
    ]);
    if (store === this.shared) await this.shared.watch([...users.keys()]);
    return changes.filter((change) => change?.changed === true) as PresenceChange[];
  }

  private async renew(redisIsThere: boolean): Promise<void> {
    await this.keepAll(this.local, this.own.keys());
    const { shared } = this;
    if (!shared || !redisIsThere) return;
    const dropped = await inBatches([...this.owed], BATCH, ([id, own]) => this.drop(shared, id, own));
    const kept = await this.keepAll(shared, this.own.keys());
    for (const change of [...dropped, ...kept]) if (change.changed) this.tell(change);
  }

  private tell(change: PresenceChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.log.error('A listener of presence changes failed.', error);
      }
    }
  }
}

function addTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
