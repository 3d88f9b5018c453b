import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { UsageKind } from '../usage-kind.js';
import type { Grouping } from './statistics.dto.js';
import { MAX_TALLIES, type Snapshot } from './statistics-store.js';
import type { Unit } from './statistics-keys.js';
import { labelOf, sinceOf, type BucketTally, type Tally } from './statistics.rules.js';

/** Which charges are asked for. */
export interface ChargeFilter {
  /** Everybody's without one. */
  userId?: string;
  characterId?: string;
  kind?: UsageKind;
}

/** What was charged in [from, to) of one group. */
export interface GroupTally {
  group: string;
  messages: number;
  tokens: number;
}

const charged = (more = ''): string => `
  FROM usage_reservations${more}
  WHERE status = 'committed' AND ($1::uuid IS NULL OR user_id = $1::uuid)
    AND created_at >= $2::timestamptz AND created_at < $3::timestamptz`;

/** The n-th bucket begins with the n-th bound. Those are read once: a cast that depends on settings is not a constant. */
const BY_BUCKET = `
  WITH given AS MATERIALIZED (SELECT $6::text[]::timestamptz[] AS bounds)
  SELECT width_bucket(created_at, given.bounds) - 1 AS bucket, kind,
    sum(quantity)::float8 AS quantity, coalesce(sum(tokens), 0)::float8 AS tokens
  ${charged(', given')} AND ($4::uuid IS NULL OR character_id = $4::uuid) AND ($5::text IS NULL OR kind = $5::text)
  GROUP BY 1, 2`;

/** Revision and charges in one statement, so that they belong to each other. */
const SNAPSHOT = `
  SELECT known.revision, tally.* FROM
    (SELECT coalesce((SELECT revision FROM usage_revisions WHERE user_id = $1::uuid), 0) AS revision) AS known
  LEFT JOIN (
    SELECT date_trunc($3::text, created_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS "startsAt",
      character_id AS "characterId", kind,
      sum(quantity)::float8 AS quantity, coalesce(sum(tokens), 0)::float8 AS tokens
    FROM usage_reservations
    WHERE status = 'committed' AND user_id = $1::uuid AND created_at >= $2::timestamptz
    GROUP BY 1, 2, 3 LIMIT $4::int
  ) AS tally ON true`;

const GROUPS: Record<Grouping, string> = {
  character: 'character_id::text',
  kind: 'kind',
  hour: `extract(hour FROM created_at AT TIME ZONE 'UTC')::int::text`,
};

const byGroup = (grouping: Grouping): string => `
  SELECT ${GROUPS[grouping]} AS "group", sum(quantity)::float8 AS messages, coalesce(sum(tokens), 0)::float8 AS tokens
  ${charged()} GROUP BY 1 ORDER BY 2 DESC, 1 DESC`;

const DATE_PART: Record<Unit, string> = { hours: 'hour', days: 'day', weeks: 'week' };

type SnapshotRow = { revision: number; startsAt: Date | null } & Omit<Tally, 'start'>;

/** Statistics from the ledger, which is the truth. */
@Injectable()
export class StatisticsRepository {
  constructor(private readonly database: Database) {}

  byBucket({ userId, characterId, kind }: ChargeFilter, bounds: readonly number[]): Promise<BucketTally[]> {
    const instants = bounds.map((bound) => new Date(bound).toISOString());
    return this.database.manager.query<BucketTally[]>(BY_BUCKET, [
      userId ?? null,
      instants[0],
      instants.at(-1),
      characterId ?? null,
      kind ?? null,
      instants,
    ]);
  }

  /** Undefined for somebody with more than is worth keeping. */
  async snapshot(userId: string, unit: Unit, now: Date): Promise<Snapshot | undefined> {
    const since = sinceOf(unit, now);
    const rows = await this.database.manager.query<SnapshotRow[]>(SNAPSHOT, [
      userId,
      new Date(since),
      DATE_PART[unit],
      MAX_TALLIES + 1,
    ]);
    if (rows.length > MAX_TALLIES) return undefined;
    const tallies = rows.flatMap(({ startsAt, characterId, kind, quantity, tokens }): Tally[] =>
      startsAt === null ? [] : [{ start: labelOf(unit, startsAt), characterId, kind, quantity, tokens }],
    );
    return { revision: rows[0]?.revision ?? 0, since, tallies };
  }

  /** The largest group first. */
  byGroup(grouping: Grouping, userId: string | undefined, from: number, to: number): Promise<GroupTally[]> {
    const span = [new Date(from), new Date(to)];
    return this.database.manager.query<GroupTally[]>(byGroup(grouping), [userId ?? null, ...span]);
  }
}
