import {
  presenceChange,
  type ConnectionState,
  type PresenceChange,
  type PresenceMember,
  type PresenceState,
  type PresenceStore,
  type PresenceTimes,
  type UserPresence,
} from './presence-store.js';

interface Lease {
  readonly connectionId: string;
  state: ConnectionState;
  endsAt: number;
}

interface User {
  /** Nearly everybody has one, and a list takes a third of a map's memory. */
  leases: readonly Lease[];
  lastActiveAt: number;
  /** The state that was last answered as a change. */
  told: PresenceState;
}

/** Users without a connection whose last activity is remembered; beyond it the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;

/** The same leases in one process. What is there is bounded by its connections, what is remembered by a number. */
export class MemoryPresenceStore implements PresenceStore {
  private readonly users = new Map<string, User>();
  private readonly rooms = new Map<string, Map<string, PresenceMember & { endsAt: number }>>();
  /** User ids in the order in which they went. */
  private readonly gone = new Set<string>();

  /** @param now milliseconds since 1970 */
  constructor(
    private readonly times: PresenceTimes,
    private readonly now: () => number = Date.now,
  ) {}

  keep(
    userId: string,
    connections: readonly (readonly [string, ConnectionState])[],
  ): Promise<PresenceChange> {
    const user = this.swept(userId) ?? { leases: [], lastActiveAt: 0, told: 'offline' };
    const before = stateOf(user);
    for (const [id, state] of connections) {
      const endsAt = this.now() + this.times.leaseMs;
      const lease = leaseOf(user, id);
      if (state === 'online' || lease?.state !== 'idle') user.lastActiveAt = this.now();
      if (lease) Object.assign(lease, { state, endsAt });
      else user.leases = user.leases.concat({ connectionId: id, state, endsAt });
    }
    this.users.set(userId, user);
    this.gone.delete(userId);
    return Promise.resolve(changeOf(userId, user, before));
  }

  drop(userId: string, connectionIds: readonly string[]): Promise<PresenceChange> {
    const user = this.swept(userId);
    if (!user) return Promise.resolve(presenceChange(userId, 'offline', 'offline'));
    const before = stateOf(user);
    for (const id of connectionIds) {
      if (leaseOf(user, id)?.state === 'online') user.lastActiveAt = this.now();
    }
    user.leases = user.leases.filter(({ connectionId }) => !connectionIds.includes(connectionId));
    if (user.leases.length === 0) this.remember(userId);
    return Promise.resolve(changeOf(userId, user, before));
  }

  enter(room: string, members: readonly PresenceMember[]): Promise<void> {
    const inside = this.rooms.get(room) ?? new Map<string, PresenceMember & { endsAt: number }>();
    const endsAt = this.now() + this.times.leaseMs;
    for (const { connectionId, userId } of members) {
      inside.set(JSON.stringify([connectionId, userId]), { connectionId, userId, endsAt });
    }
    this.rooms.set(room, inside);
    return Promise.resolve();
  }

  leave(room: string, members: readonly PresenceMember[]): Promise<void> {
    const inside = this.rooms.get(room);
    for (const { connectionId, userId } of members) inside?.delete(JSON.stringify([connectionId, userId]));
    if (inside?.size === 0) this.rooms.delete(room);
    return Promise.resolve();
  }

  onlineIn(room: string): Promise<string[]> {
    const inside = this.rooms.get(room);
    const users = new Set<string>();
    for (const [key, { userId, endsAt }] of inside ?? []) {
      if (endsAt > this.now()) users.add(userId);
      else inside?.delete(key);
    }
    if (inside?.size === 0) this.rooms.delete(room);
    return Promise.resolve([...users]);
  }

  of(userIds: readonly string[]): Promise<UserPresence[]> {
    return Promise.resolve(
      userIds.map((userId) => {
        const user = this.swept(userId);
        return {
          userId,
          state: stateOf(user),
          lastActiveAt: user ? new Date(user.lastActiveAt).toISOString() : null,
          connections: user?.leases.length ?? 0,
        };
      }),
    );
  }

  /** The user without leases that are over; undefined when nothing is known of it. */
  private swept(userId: string): User | undefined {
    const user = this.users.get(userId);
    if (!user) return undefined;
    const now = this.now();
    const isOver = ({ endsAt }: Lease): boolean => endsAt <= now;
    if (user.leases.some(isOver)) user.leases = user.leases.filter((lease) => !isOver(lease));
    if (user.leases.length > 0) return user;
    if (now >= user.lastActiveAt + this.times.rememberMs) {
      this.users.delete(userId);
      this.gone.delete(userId);
      return undefined;
    }
    this.remember(userId);
    return user;
  }

  private remember(userId: string): void {
    this.gone.add(userId);
    const [oldest] = this.gone;
    if (this.gone.size <= MAX_REMEMBERED || oldest === undefined) return;
    this.gone.delete(oldest);
    this.users.delete(oldest);
  }
}

const leaseOf = ({ leases }: User, id: string): Lease | undefined =>
  leases.find(({ connectionId }) => connectionId === id);

/** Leases also end by themselves: what nobody was told of is part of the next change. */
function changeOf(userId: string, user: User, before: PresenceState): PresenceChange {
  const [state, { told }] = [stateOf(user), user];
  user.told = state;
  return presenceChange(userId, before === state ? told : before, state);
}

function stateOf(user: User | undefined): PresenceState {
  if (!user || user.leases.length === 0) return 'offline';
  return user.leases.some(({ state }) => state === 'online') ? 'online' : 'idle';
}
