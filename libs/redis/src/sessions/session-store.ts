/** A live socket, as every instance can look it up. */
export interface Session {
  socketId: string;
  userId: string;
  /** Rooms that it follows. */
  rooms: readonly string[];
  /** RFC 3339 */
  connectedAt: string;
  /** RFC 3339; of the last time its instance kept it alive. */
  lastSeenAt: string;
  /** The instance that holds it. */
  pod: string;
}

/** Sessions by socket id, and by user. */
export interface SessionStore {
  /** Registers or replaces, for its time to live from now. */
  put(session: Session): Promise<void>;
  get(socketId: string): Promise<Session | undefined>;
  /** False when there was none (any more). */
  remove(session: Pick<Session, 'socketId' | 'userId'>): Promise<boolean>;
  ofUser(userId: string): Promise<Session[]>;
  /** Those that were there; of several callers at the same time, each session comes to one. */
  removeAllOf(userId: string): Promise<Session[]>;
}
