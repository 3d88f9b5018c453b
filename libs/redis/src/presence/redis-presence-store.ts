import type { RedisClient } from '../connections/connection-options.js';
import { inBatches } from '../fallback/in-batches.js';
import { enterRoomScript, readRoomScript } from '../lua/presence-room.lua.js';
import { takeUsersScript, watchUsersScript } from '../lua/presence-sweep.lua.js';
import {
  dropLeasesScript,
  keepLeasesScript,
  readLeasesScript,
  reapLeasesScript,
} from '../lua/presence-user.lua.js';
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
const reapLeases = script<[...States, nextEndMs: number]>(reapLeasesScript);
const watchUsers = script<null>(watchUsersScript);
const takeUsers = script<string[]>(takeUsersScript);
const enterRoom = script<number>(enterRoomScript);
const readRoom = script<string[]>(readRoomScript);

/** Users asked about in one round trip. */
const READ_BATCH = 500;
/** How long an instance may look at the users that it took. */
const TAKEN_MS = 30_000;
/** Members or users of one ZREM or script; Lua unpacks nothing here, but a long script holds everybody up. */
const BATCH = 1_000;

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
    for (let at = 0; at < members.length; at += BATCH) {
      const some = members.slice(at, at + BATCH).map(toText);
      await enterRoom(this.redis, [this.roomKey(room)], [this.times.leaseMs, ...some]);
    }
  }

  async leave(room: string, members: readonly PresenceMember[]): Promise<void> {
    for (let at = 0; at < members.length; at += BATCH) {
      await this.redis.zrem(this.roomKey(room), ...members.slice(at, at + BATCH).map(toText));
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

  /**
   * Sees to it that {@link reapDue} looks at these users when their leases end. After their leases were written: who is
   * taken off the list before has none, and who is taken off later is looked at with them.
   */
  async watch(userIds: readonly string[]): Promise<void> {
    const { leaseMs } = this.times;
    await this.lookIn(userIds.map((userId) => [leaseMs, userId]));
  }

  /**
   * Looks at users of whom a lease may have ended by itself, no more than `limit`.
   *
   * @returns how many, and what changed, each user for one caller only
   */
  async reapDue(limit: number): Promise<{ looked: number; changes: PresenceChange[] }> {
    const users = await takeUsers(this.redis, this.sweepKeys, [limit, TAKEN_MS, this.listsMs]);
    if (users.length === 0) return { looked: 0, changes: [] };
    const found = await Promise.all(
      users.map(async (userId) => {
        const [before, after, nextEndMs] = await reapLeases(this.redis, this.userKeys(userId), []);
        return { change: presenceChange(userId, before, after), nextEndMs };
      }),
    );
    // First on the one list, then off the other: a death between costs nothing.
    await this.lookIn(
      found.flatMap(({ change, nextEndMs }) => (nextEndMs < 0 ? [] : [[nextEndMs, change.userId]])),
    );
    await this.redis.zrem(this.sweepKeys[1], ...users);
    return {
      looked: users.length,
      changes: found.map(({ change }) => change).filter(({ changed }) => changed),
    };
  }

  private async lookIn(times: readonly (readonly [ms: number, userId: string])[]): Promise<void> {
    for (let at = 0; at < times.length; at += BATCH) {
      const some = times.slice(at, at + BATCH).flat();
      await watchUsers(this.redis, this.sweepKeys, [this.listsMs, ...some]);
    }
  }

  /** Details outlive the leases, so that their end can be told, and then until the last activity is forgotten. */
  private get detailsMs(): number {
    return Math.max(this.listsMs, this.times.rememberMs);
  }

  /** Lists outlive the leases, and are renewed with them. */
  private get listsMs(): number {
    return 2 * this.times.leaseMs;
  }

  private get sweepKeys(): [due: string, taken: string] {
    const key = `${this.prefix}:presence:{sweep}`;
    return [`${key}:due`, `${key}:taken`];
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
