import type { Session, SessionStore } from './session-store.js';

/** The same sessions in one process: as many as it has sockets. */
export class MemorySessionStore implements SessionStore {
  private readonly sessions = new Map<string, { session: Session; endsAt: number }>();
  /** Nearly everybody has one, and a list takes a third of a set's memory. */
  private readonly users = new Map<string, readonly string[]>();

  /** @param now milliseconds; only differences count */
  constructor(
    private readonly ttlMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Keeps the session itself: a copy of each would take as much memory again. */
  put(session: Session): Promise<void> {
    const { socketId, userId } = session;
    const before = this.sessions.get(socketId);
    if (before) this.forget(before.session);
    this.sessions.set(socketId, { session, endsAt: this.now() + this.ttlMs });
    this.users.set(userId, (this.users.get(userId) ?? []).concat(socketId));
    return Promise.resolve();
  }

  get(socketId: string): Promise<Session | undefined> {
    return Promise.resolve(this.find(socketId));
  }

  remove({ socketId }: Pick<Session, 'socketId'>): Promise<boolean> {
    const session = this.find(socketId);
    if (session) this.forget(session);
    return Promise.resolve(session !== undefined);
  }

  ofUser(userId: string): Promise<Session[]> {
    return Promise.resolve(this.allOf(userId));
  }

  removeAllOf(userId: string): Promise<Session[]> {
    const sessions = this.allOf(userId);
    for (const session of sessions) this.forget(session);
    return Promise.resolve(sessions);
  }

  private allOf(userId: string): Session[] {
    const sockets = this.users.get(userId) ?? [];
    return sockets.map((id) => this.find(id)).filter((session) => session !== undefined);
  }

  private find(socketId: string): Session | undefined {
    const found = this.sessions.get(socketId);
    if (!found) return undefined;
    if (found.endsAt > this.now()) return { ...found.session, rooms: [...found.session.rooms] };
    this.forget(found.session);
    return undefined;
  }

  private forget({ socketId, userId }: Session): void {
    this.sessions.delete(socketId);
    const left = (this.users.get(userId) ?? []).filter((id) => id !== socketId);
    if (left.length > 0) this.users.set(userId, left);
    else this.users.delete(userId);
  }
}
