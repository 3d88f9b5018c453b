import { Injectable } from '@nestjs/common';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { isAdmin, type Actor } from '../../platform/actor/actor.js';
import { Clock } from '../../platform/clock/clock.js';
import type { UsageKind } from '../usage-kind.js';
import { UsageLedger } from '../usage-ledger.service.js';
import { boundsOf, DAY_MS, type Window } from './buckets.rules.js';
import { assertDays, spanOf, tooLong, zoneOf } from './span.js';
import { bucketsOf, intoBuckets, unitFor, type BucketTally, type Tally } from './statistics.rules.js';
import { StatisticsRepository, type GroupTally } from './statistics.repository.js';
import { StatisticsStore } from './statistics-store.js';
import { TopCharacters } from './top-characters.js';
import type { Unit } from './statistics-keys.js';
import type {
  AggregatesQuery,
  AnalyticsQuery,
  MessageAnalytics,
  MessageAnalyticsRow,
  UsageAggregates,
} from './statistics.dto.js';

/** How far back is looked without a `from`. */
const DEFAULT_SPAN_MS: Record<Window, number> = { hour: DAY_MS, day: 30 * DAY_MS, week: 12 * 7 * DAY_MS };
const MAX_ROWS = 100;

/** What was used when. Read from Redis where that holds exactly what the ledger does, from the ledger otherwise. */
@Injectable()
export class StatisticsService {
  private readonly utc = zoneOf('UTC');

  constructor(
    private readonly ledger: UsageLedger,
    private readonly repository: StatisticsRepository,
    private readonly store: StatisticsStore,
    private readonly top: TopCharacters,
    private readonly clock: Clock,
  ) {}

  /** @throws validation-failed */
  async aggregates(actor: Actor, query: AggregatesQuery): Promise<UsageAggregates> {
    const zone = zoneOf(query.tz);
    const now = this.clock.now();
    const { from, to } = spanOf(query, zone, now, DEFAULT_SPAN_MS[query.window]);
    const bounds = boundsOf(query.window, from, to, zone);
    if (!bounds) throw tooLong(`${query.window}s`);
    const { characterId, kind } = query;
    const charged =
      (await this.fromStatistics(actor.id, bounds, { characterId: characterId?.toLowerCase(), kind })) ??
      (await this.repository.byBucket({ userId: actor.id, characterId, kind }, bounds));
    return { buckets: bucketsOf(bounds, charged), complete: true };
  }

  /** @throws validation-failed, forbidden for everybody's messages unless asked by an administrator */
  async messages(actor: Actor, { groupBy, scope, ...query }: AnalyticsQuery): Promise<MessageAnalytics> {
    if (scope === 'all' && !isAdmin(actor)) {
      throw platformErrors.forbidden('Only administrators see the messages of all; ask for scope=self.');
    }
    const span = spanOf(query, this.utc, this.clock.now(), DEFAULT_SPAN_MS.day);
    assertDays(span);
    if (scope === 'all' && groupBy === 'character') {
      const { groups, totals } = await this.top.over(span, MAX_ROWS);
      return { rows: groups.map((group) => rowOf('character', group)), totals };
    }
    const groups = await this.repository.byGroup(
      groupBy,
      scope === 'all' ? undefined : actor.id,
      span.from,
      span.to,
    );
    const totals = { messages: sum(groups, 'messages'), tokens: sum(groups, 'tokens') };
    const rows = groups.slice(0, MAX_ROWS).map((group) => rowOf(groupBy, group));
    return { rows: groupBy === 'hour' ? rows.sort((a, b) => (a.hour ?? 0) - (b.hour ?? 0)) : rows, totals };
  }

  private async fromStatistics(
    userId: string,
    bounds: readonly number[],
    wanted: { characterId?: string; kind?: UsageKind },
  ): Promise<BucketTally[] | undefined> {
    const unit = this.store.usable ? unitFor(bounds, this.clock.now()) : undefined;
    const tallies = unit && (await this.talliesOf(userId, unit, bounds[0] ?? 0));
    if (!tallies) return undefined;
    const { characterId, kind } = wanted;
    const fitting = tallies.filter(
      (tally) =>
        (characterId === undefined || tally.characterId === characterId) &&
        (kind === undefined || tally.kind === kind),
    );
    return intoBuckets(bounds, fitting);
  }

  /** Exactly those of the user's present charges; what Redis lost or is behind with is rebuilt on the way. */
  private async talliesOf(userId: string, unit: Unit, from: number): Promise<Tally[] | undefined> {
    const [revision, kept] = await Promise.all([this.ledger.revision(userId), this.store.read(userId, unit)]);
    if (kept?.revision === revision && kept.since <= from) return kept.tallies;
    const snapshot = await this.repository.snapshot(userId, unit, this.clock.now());
    if (snapshot) await this.store.replace(userId, unit, snapshot);
    return snapshot?.tallies;
  }
}

const sum = (groups: readonly GroupTally[], what: 'messages' | 'tokens'): number =>
  groups.reduce((total, group) => total + group[what], 0);

function rowOf(
  groupBy: AnalyticsQuery['groupBy'],
  { group, messages, tokens }: GroupTally,
): MessageAnalyticsRow {
  const counts = { messages, tokens };
  if (groupBy === 'character') return { characterId: group, ...counts };
  return groupBy === 'kind' ? { kind: group as UsageKind, ...counts } : { hour: Number(group), ...counts };
}
