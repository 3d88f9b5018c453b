import type { RedisConnections } from '../connections/redis-connections.js';
import { inBatches } from '../fallback/in-batches.js';
import { KeptState } from '../fallback/kept-state.js';
import { MemorySessionStore } from './memory-session-store.js';
import { RedisSessionStore } from './redis-session-store.js';
import type { Session, SessionStore } from './session-store.js';

/** Options of {@link Sessions}. */
export interface SessionsOptions {
  /** In front of every key, e.g. `rapport:production`. */
  prefix: string;
  /** How long a session is found after its instance last kept it alive. @default 86_400_000 (24 hours) */
  ttlMs?: number;
  /** How often an instance keeps its sessions alive; `lastSeenAt` is behind by at most that. @default 60_000 */
  renewEveryMs?: number;
}

/** Sessions whose writing is under way together. */
const BATCH = 500;
/** Removals that Redis has not heard of; beyond it those sessions are left to the end of their time. */
const MAX_OWED = 10_000;

/**
 * The live sockets of all instances, by socket id and by user. Every instance keeps its own alive, and writes them again
 * when Redis was away or empty; while it is away only they are found ({@link degraded}). Those of a killed instance stay
 * until their time is over, with a `lastSeenAt` that no longer moves.
 *
 * @example
 * const sessions = new Sessions(connections, { prefix: 'rapport:production' });
 * await sessions.register({ socketId, userId, rooms: [], connectedAt: new Date().toISOString(), pod: hostname() });
 * for (const { socketId } of await sessions.removeAllOf(userId)) server.in(socketId).disconnectSockets(true);
 */
export class Sessions {
  private readonly own = new Map<string, Session>();
  private readonly owed = new Map<string, Pick<Session, 'socketId' | 'userId'>>();
  private readonly local: MemorySessionStore;
  private readonly shared?: SessionStore;
  private readonly kept: KeptState<SessionStore>;

  constructor(connections: RedisConnections, options: SessionsOptions) {
    const { prefix, ttlMs = 86_400_000, renewEveryMs = 60_000 } = options;
    this.local = new MemorySessionStore(ttlMs);
    if (connections.commands) this.shared = new RedisSessionStore(connections.commands, prefix, ttlMs);
    this.kept = new KeptState(connections, {
      feature: 'The list of sessions',
      local: this.local,
      shared: this.shared,
      renewEveryMs,
      renew: (redisIsThere) => this.renew(redisIsThere),
    });
  }

  /** Redis is configured, but this instance finds its own sessions only. */
  get degraded(): boolean {
    return this.kept.degraded;
  }

  /** Lists a socket of this instance until {@link remove}. */
  async register(socket: Omit<Session, 'lastSeenAt'>): Promise<Session> {
    const { socketId, userId, rooms, connectedAt, pod } = socket;
    const lastSeenAt = new Date().toISOString();
    const session: Session = { socketId, userId, rooms: [...rooms], connectedAt, lastSeenAt, pod };
    this.owed.delete(socketId);
    this.own.set(socketId, session);
    await this.kept.write((store) => store.put(session));
    return { ...session, rooms: [...rooms] };
  }

  /** Of whichever instance. */
  get(socketId: string): Promise<Session | undefined> {
    return this.kept.read((store) => store.get(socketId));
  }

  /** Keeps sockets of this instance alive, as it does by itself; unknown ones are passed over. */
  touch(socketIds: readonly string[]): Promise<void> {
    return this.kept.write((store) => this.keep(store, socketIds));
  }

  /** Says which rooms a socket of this instance follows; without effect for others. */
  async setRooms(socketId: string, rooms: readonly string[]): Promise<void> {
    const session = this.own.get(socketId);
    if (!session) return;
    session.rooms = [...rooms];
    await this.touch([socketId]);
  }

  /** False for a socket that this instance does not have (any more). */
  async remove(socketId: string): Promise<boolean> {
    const session = this.own.get(socketId);
    if (!session) return false;
    this.forget(session);
    return this.kept.write((store) => this.drop(store, session));
  }

  /** Of all instances. */
  ofUser(userId: string): Promise<Session[]> {
    return this.kept.read((store) => store.ofUser(userId));
  }

  /**
   * Takes a user's sessions off the list, on all instances; to disconnect the sockets is up to the caller. Another
   * instance lists a socket again that stays connected to it nevertheless.
   *
   * @returns each session to one caller only, if there are several at the same time
   */
  removeAllOf(userId: string): Promise<Session[]> {
    // First, so that no renewal writes them again behind the removal.
    for (const session of this.own.values()) if (session.userId === userId) this.forget(session);
    return this.kept.write((store) => store.removeAllOf(userId));
  }

  /** Takes this instance's sessions off the list, and stops. */
  async close(): Promise<void> {
    this.kept.close();
    const left = [...this.own.values()];
    this.own.clear();
    const { shared } = this;
    if (!shared) return;
    // Given up at the first failure: what is left ends by itself.
    await inBatches(left, BATCH, (session) => shared.remove(session)).catch(() => undefined);
  }

  private forget(session: Session): void {
    this.own.delete(session.socketId);
    if (this.shared && this.owed.size < MAX_OWED) this.owed.set(session.socketId, session);
  }

  private async drop(store: SessionStore, session: Pick<Session, 'socketId' | 'userId'>): Promise<boolean> {
    const removed = await store.remove(session);
    if (store === this.shared) this.owed.delete(session.socketId);
    return removed;
  }

  private async keep(store: SessionStore, socketIds: Iterable<string>): Promise<void> {
    const lastSeenAt = new Date().toISOString();
    await inBatches([...socketIds], BATCH, async (socketId) => {
      const session = this.own.get(socketId);
      if (!session) return;
      session.lastSeenAt = lastSeenAt;
      await store.put(session);
    });
  }

  private async renew(redisIsThere: boolean): Promise<void> {
    await this.keep(this.local, this.own.keys());
    const { shared } = this;
    if (!shared || !redisIsThere) return;
    await inBatches([...this.owed.values()], BATCH, (session) => this.drop(shared, session));
    await this.keep(shared, this.own.keys());
  }
}
