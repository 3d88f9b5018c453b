/** What a connection says of its user. */
export type ConnectionState = 'online' | 'idle';

/** `online`: at least one connection is; `idle`: there are some, all idle; `offline`: there is none. */
export type PresenceState = ConnectionState | 'offline';

/** What a change of connections did to the user's state. */
export interface PresenceChange {
  userId: string;
  previous: PresenceState;
  state: PresenceState;
  /** True for exactly one of all instances that changed something at the same time: the one to announce it. */
  changed: boolean;
}

/** How a user is seen. */
export interface UserPresence {
  userId: string;
  state: PresenceState;
  /** RFC 3339, of the last moment at which a connection was online; null when that is forgotten or never was. */
  lastActiveAt: string | null;
  /** How many there are, on all instances. */
  connections: number;
}

/** A connection and whose it is. */
export interface PresenceMember {
  connectionId: string;
  userId: string;
}

/** Milliseconds that both stores share. */
export interface PresenceTimes {
  /** How long a connection counts after it was last kept alive. */
  leaseMs: number;
  /** How long the last activity of a user is remembered. */
  rememberMs: number;
}

/** Leases of connections, by user and by room. */
export interface PresenceStore {
  /** Begins or prolongs leases of a user's connections. */
  keep(
    userId: string,
    connections: readonly (readonly [id: string, state: ConnectionState])[],
  ): Promise<PresenceChange>;
  drop(userId: string, connectionIds: readonly string[]): Promise<PresenceChange>;
  /** Begins or prolongs leases of connections in a room. */
  enter(room: string, members: readonly PresenceMember[]): Promise<void>;
  leave(room: string, members: readonly PresenceMember[]): Promise<void>;
  /** Each user once. */
  onlineIn(room: string): Promise<string[]>;
  of(userIds: readonly string[]): Promise<UserPresence[]>;
}

export const presenceChange = (
  userId: string,
  previous: PresenceState,
  state: PresenceState,
): PresenceChange => ({ userId, previous, state, changed: previous !== state });
