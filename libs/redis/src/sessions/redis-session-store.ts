import type { RedisClient } from '../connections/connection-options.js';
import { inBatches } from '../fallback/in-batches.js';
import { script } from '../lua/script.js';
import { indexSessionScript, unindexSessionsScript } from '../lua/session-index.lua.js';
import type { Session, SessionStore } from './session-store.js';

const indexSession = script<number>(indexSessionScript);
const unindexSessions = script<number>(unindexSessionsScript);

/** Sessions read in one round trip. */
const BATCH = 500;
/** A registration that takes longer than this has failed: commands have a shorter deadline. */
const UNDER_WAY_MS = 10_000;

/**
 * A session and its user's index are two keys, in different slots of a Cluster. The index is sent first, so that a
 * process that dies between leaves an entry without a session; who reads such an entry takes it out. A session without
 * an entry (the index's server was away) gets it with the next renewal.
 */
export class RedisSessionStore implements SessionStore {
  /** @param prefix in front of every key, e.g. `rapport:production` */
  constructor(
    private readonly redis: RedisClient,
    private readonly prefix: string,
    private readonly ttlMs: number,
  ) {}

  async put(session: Session): Promise<void> {
    const { socketId, userId } = session;
    // Sent together: if one waited for the other's answer, a removal could come between them.
    await Promise.all([
      indexSession(this.redis, [this.indexKey(userId)], [socketId, this.ttlMs]),
      this.redis.set(this.sessionKey(socketId), JSON.stringify(session), 'PX', this.ttlMs),
    ]);
  }

  async get(socketId: string): Promise<Session | undefined> {
    const text = await this.redis.get(this.sessionKey(socketId));
    return text === null ? undefined : (JSON.parse(text) as Session);
  }

  async remove({ socketId, userId }: Pick<Session, 'socketId' | 'userId'>): Promise<boolean> {
    const [removed] = await Promise.all([
      this.redis.del(this.sessionKey(socketId)),
      this.redis.zrem(this.indexKey(userId), socketId),
    ]);
    return removed === 1;
  }

  async ofUser(userId: string): Promise<Session[]> {
    const index = this.indexKey(userId);
    const socketIds = await this.redis.zrange(index, 0, -1);
    const found = await inBatches(socketIds, BATCH, (socketId) => this.get(socketId));
    const gone = socketIds.filter((_, at) => found[at] === undefined);
    if (gone.length > 0) await unindexSessions(this.redis, [index], [UNDER_WAY_MS, ...gone]);
    return found.filter((session) => session?.userId === userId) as Session[];
  }

  async removeAllOf(userId: string): Promise<Session[]> {
    const sessions = await this.ofUser(userId);
    const removed = await inBatches(sessions, BATCH, (session) => this.remove(session));
    return sessions.filter((_, at) => removed[at]);
  }

  private sessionKey(socketId: string): string {
    return `${this.prefix}:session:${socketId}`;
  }

  private indexKey(userId: string): string {
    return `${this.prefix}:sessions:${userId}`;
  }
}
