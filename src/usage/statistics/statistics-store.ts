import { Injectable, Logger } from '@nestjs/common';
import { RedisConnections, type RedisClient } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { RedisSettings } from '../../platform/redis/redis.settings.js';
import type { UsageKind } from '../usage-kind.js';
import { inTime } from './in-time.js';
import { labelOf, type Tally } from './statistics.rules.js';
import { StatisticsKeys, UNITS, type Unit } from './statistics-keys.js';
import { ADD_SCRIPT, REPLACE_SCRIPT } from './statistics.lua.js';

/** Longer than Redis takes when it is well; beyond it the ledger is asked. */
const DEADLINE_MS = 100;
/** Then they are rebuilt, without what is too old by then. */
const KEPT_MS = 24 * 3_600_000;
/** Statistics of somebody with more than this are read from the ledger, which has an index for it. */
export const MAX_TALLIES = 5_000;

/** What one charge adds. */
export interface ChargeTold {
  userId: string;
  characterId: string;
  kind: UsageKind;
  quantity: number;
  tokens: number;
  /** When the message was sent; it counts in the hour and day in which it was. */
  createdAt: Date;
  revision: number;
}

/** A user's statistics as they were at one revision of the charges, from `since` on. */
export interface Snapshot {
  revision: number;
  since: number;
  tallies: Tally[];
}

interface StatisticsCommands {
  rapportAddUsage(...args: (string | number)[]): Promise<number>;
  rapportReplaceUsage(key: string, ...args: (string | number)[]): Promise<number>;
}

/**
 * Statistics of users in Redis hashes. They are not the truth, the ledger is: each says which revision of a user's
 * charges it holds, and whoever reads one compares. Nothing here throws; what Redis does not take is rebuilt.
 */
@Injectable()
export class StatisticsStore {
  private readonly logger = new Logger(StatisticsStore.name);
  private readonly keys: StatisticsKeys;
  private readonly commands?: RedisClient & StatisticsCommands;

  constructor(
    private readonly connections: RedisConnections,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
  ) {
    this.keys = new StatisticsKeys(`${keyPrefix}:${environment}`);
    const { commands } = connections;
    if (!commands) return;
    commands.defineCommand('rapportAddUsage', { numberOfKeys: UNITS.length, lua: ADD_SCRIPT });
    commands.defineCommand('rapportReplaceUsage', { numberOfKeys: 1, lua: REPLACE_SCRIPT });
    this.commands = commands as RedisClient & StatisticsCommands;
  }

  get usable(): boolean {
    return this.commands !== undefined && this.connections.writable();
  }

  /** After the commit of the charge; nobody waits for it. */
  add({ userId, characterId, kind, quantity, tokens, createdAt, revision }: ChargeTold): void {
    if (!this.commands || !this.usable) return;
    const keys = UNITS.map((unit) => this.keys.ofUser(userId, unit));
    const fields = UNITS.map((unit) => fieldOf({ start: labelOf(unit, createdAt), characterId, kind }));
    this.commands
      .rapportAddUsage(...keys, revision, quantity, tokens, ...fields)
      .catch((error: unknown) => this.logger.debug({ err: error }, 'A charge is not in the statistics yet'));
  }

  /** Undefined when there are none, Redis is away, or it does not answer in time. */
  async read(userId: string, unit: Unit): Promise<Snapshot | undefined> {
    const hash = await this.ask((commands) => commands.hgetall(this.keys.ofUser(userId, unit)));
    if (hash?.revision === undefined || hash.since === undefined) return undefined;
    const { revision, since, ...fields } = hash;
    const tallies = Object.entries(fields).flatMap(([field, count]): Tally[] => {
      const [start, characterId, kind, tokens] = field.split(' ');
      if (!start || !characterId || !kind || tokens) return [];
      const quantity = Number(count);
      return [
        {
          start,
          characterId,
          kind: kind as UsageKind,
          quantity,
          tokens: Number(fields[`${field} tokens`] ?? 0),
        },
      ];
    });
    return { revision: Number(revision), since: Number(since), tallies };
  }

  async replace(userId: string, unit: Unit, { revision, since, tallies }: Snapshot): Promise<void> {
    const fields = tallies.flatMap((tally) => [
      [fieldOf(tally), tally.quantity],
      [`${fieldOf(tally)} tokens`, tally.tokens],
    ]);
    const all = [['revision', revision], ['since', since], ...fields].flat();
    await this.ask((commands) =>
      commands.rapportReplaceUsage(this.keys.ofUser(userId, unit), KEPT_MS, ...all),
    );
  }

  async drop(userId: string): Promise<void> {
    await this.ask((commands) => commands.del(...UNITS.map((unit) => this.keys.ofUser(userId, unit))));
  }

  private async ask<T>(
    work: (commands: RedisClient & StatisticsCommands) => Promise<T>,
  ): Promise<T | undefined> {
    if (!this.commands || !this.usable) return undefined;
    return inTime(DEADLINE_MS, work(this.commands));
  }
}

const fieldOf = ({ start, characterId, kind }: Pick<Tally, 'start' | 'characterId' | 'kind'>): string =>
  `${start} ${characterId} ${kind}`;
