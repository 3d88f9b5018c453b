import type { Cluster, Redis } from 'ioredis';
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
    private readonly redis: Redis | Cluster,
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
    return parse(await this.redis.get(this.sessionKey(socketId)));
  }

  async remove({ socketId, userId }: Pick<Session, 'socketId' | 'userId'>): Promise<boolean> {
    const [removed] = await Promise.all([
      this.redis.del(this.sessionKey(socketId)),
      this.redis.zrem(this.indexKey(userId), socketId),
    ]);
    return removed === 1;
  }

  ofUser(userId: string): Promise<Session[]> {
    return this.collect(userId, (key) => this.redis.get(key));
  }

  async removeAllOf(userId: string): Promise<Session[]> {
    const sessions = await this.collect(userId, (key) => this.redis.getdel(key));
    if (sessions.length > 0)
      await this.redis.zrem(this.indexKey(userId), ...sessions.map(({ socketId }) => socketId));
    return sessions;
  }

  private async collect(userId: string, read: (key: string) => Promise<string | null>): Promise<Session[]> {
    const index = this.indexKey(userId);
    const socketIds = await this.redis.zrange(index, 0, -1);
    const texts = await inBatches(socketIds, BATCH, (socketId) => read(this.sessionKey(socketId)));
    const gone = socketIds.filter((_, at) => texts[at] === null);
    if (gone.length > 0) await unindexSessions(this.redis, [index], [UNDER_WAY_MS, ...gone]);
    return texts
      .map(parse)
      .filter((session) => session !== undefined && session.userId === userId) as Session[];
  }

  private sessionKey(socketId: string): string {
    return `${this.prefix}:session:${socketId}`;
  }

  private indexKey(userId: string): string {
    return `${this.prefix}:sessions:${userId}`;
  }
}

const parse = (text: string | null | undefined): Session | undefined =>
  text ? (JSON.parse(text) as Session) : undefined;
