import { Injectable, Logger } from '@nestjs/common';
import { RedisConnections, type RedisClient } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../../platform/redis/redis.settings.js';
import { ActiveUsersRepository } from './active-users.repository.js';
import { DAY_MS } from './buckets.rules.js';
import { inTime } from './in-time.js';
import { StatisticsKeys } from './statistics-keys.js';
import { NOTE_USER_SCRIPT } from './statistics.lua.js';

const DEADLINE_MS = 250;
const KEPT_MS = 3 * DAY_MS;
/** Beyond it a first estimate is too much work for a request; then the ledger counts. */
const MAX_BUILT = 50_000;
const ADDED_AT_ONCE = 1_000;

interface ActiveUsersCommands {
  rapportNoteUser(anyone: string, withCharacter: string, userId: string): Promise<number>;
}

/** HyperLogLogs of who is active, one a day and one for each character that somebody asked about. */
@Injectable()
export class ActiveUsersStore {
  private readonly logger = new Logger(ActiveUsersStore.name);
  private readonly keys: StatisticsKeys;
  private readonly commands?: RedisClient & ActiveUsersCommands;

  constructor(
    private readonly connections: RedisConnections,
    private readonly repository: ActiveUsersRepository,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
  ) {
    this.keys = new StatisticsKeys(`${keyPrefix}:${environment}`);
    const { commands } = connections;
    if (!commands) return;
    commands.defineCommand('rapportNoteUser', { numberOfKeys: 2, lua: NOTE_USER_SCRIPT });
    this.commands = commands as RedisClient & ActiveUsersCommands;
  }

  /** After the commit of a charge; nobody waits for it. What Redis does not take, {@link refresh} makes up for. */
  note({ userId, characterId, day }: { userId: string; characterId: string; day: string }): void {
    if (!this.commands || !this.connections.writable()) return;
    this.commands
      .rapportNoteUser(this.keys.activeUsers(day), this.keys.activeUsers(day, characterId), userId)
      .catch((error: unknown) => this.logger.debug({ err: error }, 'A user is not in the estimate yet'));
  }

  /** Undefined where Redis is away or there are too many to begin with. */
  async estimate(day: string, characterId?: string): Promise<number | undefined> {
    const { commands } = this;
    if (!commands || !this.connections.writable()) return undefined;
    const key = this.keys.activeUsers(day, characterId);
    const built = this.keys.activeUsersBuilt(day, characterId);
    const isBuilt = await inTime(DEADLINE_MS, commands.exists(built));
    if (isBuilt === undefined) return undefined;
    if (isBuilt === 0 && !(await this.refresh(day, characterId))) return undefined;
    return inTime(DEADLINE_MS, commands.pfcount(key));
  }

  /** Adds all that the ledger knows. The set is there first, so that whoever is charged meanwhile is added, too. */
  async refresh(day: string, characterId?: string): Promise<boolean> {
    const { commands } = this;
    if (!commands || !this.connections.writable()) return false;
    const key = this.keys.activeUsers(day, characterId);
    const begun = await inTime(DEADLINE_MS, commands.multi().pfadd(key).pexpire(key, KEPT_MS).exec());
    if (!begun) return false;
    const ids = await this.repository.idsOf(day, characterId, MAX_BUILT + 1);
    if (ids.length > MAX_BUILT) return false;
    for (let at = 0; at < ids.length; at += ADDED_AT_ONCE) {
      const part = ids.slice(at, at + ADDED_AT_ONCE);
      if ((await inTime(DEADLINE_MS, commands.pfadd(key, ...part))) === undefined) return false;
    }
    const built = this.keys.activeUsersBuilt(day, characterId);
    return (await inTime(DEADLINE_MS, commands.set(built, '1', 'PX', KEPT_MS))) !== undefined;
  }
}
