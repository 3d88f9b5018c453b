import { Injectable } from '@nestjs/common';
import { RedisConnections, type RedisClient } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { Clock } from '../../platform/clock/clock.js';
import { newId } from '../../platform/ids/ids.js';
import { RedisSettings } from '../../platform/redis/redis.settings.js';
import { DAY_MS } from './buckets.rules.js';
import { inTime } from './in-time.js';
import type { Span } from './span.js';
import type { MessageTotals } from './statistics.dto.js';
import { StatisticsKeys } from './statistics-keys.js';
import { TOP_SCRIPT } from './statistics.lua.js';
import { StatisticsRepository, type GroupTally } from './statistics.repository.js';

/** A day's sets say by this member how much they hold, and that they were built. */
const TOTAL = 'total';
const SETS = ['messages', 'tokens'] as const;
const DEADLINE_MS = 500;
const KEPT_MS = 7 * DAY_MS;
/** Of the sets that are added up: Redis does nothing else meanwhile. */
const MAX_MEMBERS = 50_000;
/** More than so many days that nobody has asked for yet are read from the ledger at once instead. */
const MAX_BUILT = 31;

export interface Top {
  groups: GroupTally[];
  totals: MessageTotals;
}

interface TopCommands {
  rapportTopCharacters(
    keys: number,
    ...args: (string | number)[]
  ): Promise<[string, string, string][] | null>;
}

/**
 * Which characters everybody writes to most. Days that are over do not change any more: Redis keeps each as sorted sets,
 * built from the ledger when first asked for, and adds them up; the rest of the span comes from the ledger.
 */
@Injectable()
export class TopCharacters {
  private readonly keys: StatisticsKeys;
  private readonly commands?: RedisClient & TopCommands;

  constructor(
    private readonly connections: RedisConnections,
    private readonly repository: StatisticsRepository,
    private readonly clock: Clock,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
  ) {
    this.keys = new StatisticsKeys(`${keyPrefix}:${environment}`);
    const { commands } = connections;
    if (!commands) return;
    commands.defineCommand('rapportTopCharacters', { lua: TOP_SCRIPT });
    this.commands = commands as RedisClient & TopCommands;
  }

  async over(span: Span, limit: number): Promise<Top> {
    return (await this.fromSets(span, limit)) ?? this.fromLedger(span, limit);
  }

  private async fromLedger({ from, to }: Span, limit: number): Promise<Top> {
    const groups = await this.repository.byGroup('character', undefined, from, to);
    return { groups: groups.slice(0, limit), totals: totalOf(groups) };
  }

  private async fromSets(span: Span, limit: number): Promise<Top | undefined> {
    const { commands } = this;
    const days = this.closedDaysOf(span);
    if (!commands || !this.connections.writable() || days.length === 0) return undefined;
    const sizes = await inTime(DEADLINE_MS, this.sizesOf(commands, days));
    const missing = days.filter((_, index) => sizes?.[index] === 0);
    if (!sizes || missing.length > MAX_BUILT) return undefined;
    for (const day of missing) if (!(await this.build(commands, day))) return undefined;
    if (sizes.reduce((all, size) => all + size, 0) > MAX_MEMBERS) return undefined;

    const rest = await this.restOf(span, days);
    const labels = days.map(labelOf);
    const sums = newId();
    const keys = [
      ...SETS.map((what) => this.keys.characters(sums, what)),
      ...SETS.flatMap((what) => labels.map((day) => this.keys.characters(day, what))),
    ];
    const { messages, tokens } = totalOf(rest);
    const others = [...rest, { group: TOTAL, messages, tokens }];
    const added = others.flatMap((group) => [group.group, group.messages, group.tokens]);
    const rows = await inTime(
      DEADLINE_MS,
      commands.rapportTopCharacters(keys.length, ...keys, days.length, limit, ...added),
    );
    return rows ? topOf(rows, limit) : undefined;
  }

  /** Midnights of the days wholly inside the span that nothing can be charged to any more. */
  private closedDaysOf({ from, to }: Span): number[] {
    const end = Math.min(to, this.clock.now().getTime() - DAY_MS);
    const days: number[] = [];
    for (let day = Math.ceil(from / DAY_MS) * DAY_MS; day + DAY_MS <= end; day += DAY_MS) days.push(day);
    return days;
  }

  /** Of each day; 0 where one of its sets is missing. */
  private sizesOf(commands: RedisClient, days: readonly number[]): Promise<number[]> {
    const sizeOf = async (day: number): Promise<number> => {
      const sizes = SETS.map((what) => commands.zcard(this.keys.characters(labelOf(day), what)));
      return Math.min(...(await Promise.all(sizes)));
    };
    return Promise.all(days.map(sizeOf));
  }

  /** False when Redis did not take it. */
  private async build(commands: RedisClient, day: number): Promise<boolean> {
    const groups = await this.repository.byGroup('character', undefined, day, day + DAY_MS);
    const all = [...groups, { group: TOTAL, ...totalOf(groups) }];
    const building = commands.multi();
    for (const what of SETS) {
      const key = this.keys.characters(labelOf(day), what);
      const members = all.flatMap((group) => [group[what], group.group]);
      building
        .del(key)
        .zadd(key, ...members)
        .pexpire(key, KEPT_MS);
    }
    const answers = await inTime(DEADLINE_MS, building.exec());
    return answers?.every(([error]) => !error) ?? false;
  }

  private async restOf({ from, to }: Span, days: readonly number[]): Promise<GroupTally[]> {
    const first = days[0] ?? to;
    const afterLast = (days.at(-1) ?? to) + DAY_MS;
    const parts: Span[] = [
      { from, to: first },
      { from: afterLast, to },
    ];
    const groups = parts
      .filter((part) => part.from < part.to)
      .map((part) => this.repository.byGroup('character', undefined, part.from, part.to));
    return (await Promise.all(groups)).flat();
  }
}

const labelOf = (day: number): string => new Date(day).toISOString().slice(0, 10);

const totalOf = (groups: readonly GroupTally[]): MessageTotals => ({
  messages: groups.reduce((sum, { messages }) => sum + messages, 0),
  tokens: groups.reduce((sum, { tokens }) => sum + tokens, 0),
});

function topOf(rows: readonly [string, string, string][], limit: number): Top | undefined {
  const groups = rows.map(([group, messages, tokens]) => ({
    group,
    messages: Number(messages),
    tokens: Number(tokens),
  }));
  const total = groups.find(({ group }) => group === TOTAL);
  if (!total) return undefined;
  const { messages, tokens } = total;
  return { groups: groups.filter((group) => group !== total).slice(0, limit), totals: { messages, tokens } };
}
