import type { RedisClient } from '../connections/connection-options.js';
import { inBatches } from '../fallback/in-batches.js';
import { enterRoomScript, readRoomScript } from '../lua/presence-room.lua.js';
import { dropLeasesScript, keepLeasesScript, readLeasesScript } from '../lua/presence-user.lua.js';
import { script } from '../lua/script.js';
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

type States = [before: PresenceState, after: PresenceState];
const keepLeases = script<States>(keepLeasesScript);
const dropLeases = script<States>(dropLeasesScript);
const readLeases = script<[state: PresenceState, connections: number, last: string]>(readLeasesScript);
const enterRoom = script<number>(enterRoomScript);
const readRoom = script<string[]>(readRoomScript);

/** Users asked about in one round trip. */
const READ_BATCH = 500;
/** Members of one ZREM or script; Lua unpacks nothing here, but a long script holds everybody up. */
const ROOM_BATCH = 1_000;

/**
 * Leases in Redis, judged by its clock. A user's keys lie in one slot of a Cluster and a room's in another, hence two
 * scripts: a process that dies between them leaves a user who is online and not in the room, or the other way round,
 * until the lease that was written ends.
 */
export class RedisPresenceStore implements PresenceStore {
  /** @param prefix in front of every key, e.g. `rapport:production` */
  constructor(
    private readonly redis: RedisClient,
    private readonly prefix: string,
    private readonly times: PresenceTimes,
  ) {}

  async keep(
    userId: string,
    connections: readonly (readonly [string, ConnectionState])[],
  ): Promise<PresenceChange> {
    const args = [this.times.leaseMs, this.detailsMs, ...connections.flat()];
    const [before, after] = await keepLeases(this.redis, this.userKeys(userId), args);
    return presenceChange(userId, before, after);
  }

  async drop(userId: string, connectionIds: readonly string[]): Promise<PresenceChange> {
    const args = [this.detailsMs, ...connectionIds];
    const [before, after] = await dropLeases(this.redis, this.userKeys(userId), args);
    return presenceChange(userId, before, after);
  }

  async enter(room: string, members: readonly PresenceMember[]): Promise<void> {
    for (let at = 0; at < members.length; at += ROOM_BATCH) {
      const some = members.slice(at, at + ROOM_BATCH).map(toText);
      await enterRoom(this.redis, [this.roomKey(room)], [this.times.leaseMs, ...some]);
    }
  }

  async leave(room: string, members: readonly PresenceMember[]): Promise<void> {
    for (let at = 0; at < members.length; at += ROOM_BATCH) {
      await this.redis.zrem(this.roomKey(room), ...members.slice(at, at + ROOM_BATCH).map(toText));
    }
  }

  async onlineIn(room: string): Promise<string[]> {
    const members = await readRoom(this.redis, [this.roomKey(room)], []);
    return [...new Set(members.map(userOf))];
  }

  of(userIds: readonly string[]): Promise<UserPresence[]> {
    return inBatches(userIds, READ_BATCH, async (userId) => {
      const [state, connections, last] = await readLeases(this.redis, this.userKeys(userId), []);
      return {
        userId,
        state,
        lastActiveAt: last === '' ? null : new Date(Number(last)).toISOString(),
        connections,
      };
    });
  }

  /** Details live as long as a lease, and then until the last activity is forgotten. */
  private get detailsMs(): number {
    return Math.max(this.times.leaseMs, this.times.rememberMs);
  }

  private userKeys(userId: string): [leases: string, details: string] {
    const key = `${this.prefix}:presence:{u:${userId}}`;
    return [`${key}:leases`, `${key}:details`];
  }

  private roomKey(room: string): string {
    return `${this.prefix}:presence:{r:${room}}`;
  }
}

/** Ids may hold any character, hence JSON. */
const toText = ({ connectionId, userId }: PresenceMember): string => JSON.stringify([connectionId, userId]);
const userOf = (text: string): string => (JSON.parse(text) as [string, string])[1];
