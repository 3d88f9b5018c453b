import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { USAGE_KINDS, type UsageKind } from '../usage-kind.js';
import { WINDOWS, type Window } from './buckets.rules.js';
import { IsId } from '../../platform/ids/is-id.js';

/** A date, or an RFC 3339 instant, of this century. */
const MOMENT = /^20\d{2}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const MOMENT_HINT = {
  message:
    '$property must be a date (2026-11-20) or an RFC 3339 instant (2026-11-20T12:00:00Z), from 2000 to 2099',
};

export class SpanQuery {
  /** A date, from its beginning on, or an instant. */
  @IsOptional()
  @IsString()
  @Matches(MOMENT, MOMENT_HINT)
  from?: string;

  /** A date, to its end, or an instant, which is not part of it; now unless told otherwise. */
  @IsOptional()
  @IsString()
  @Matches(MOMENT, MOMENT_HINT)
  to?: string;
}

export class AggregatesQuery extends SpanQuery {
  /** What a bucket is: an hour, a day, or an ISO week. */
  @IsOptional()
  @IsIn(WINDOWS)
  window: Window = 'day';

  @IsOptional()
  @IsId()
  characterId?: string;

  @IsOptional()
  @IsIn(USAGE_KINDS)
  kind?: UsageKind;

  /** IANA time zone whose hours, days and weeks are meant. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  tz: string = 'UTC';
}

export class UsageBucket {
  start!: string;

  /** Not part of it; where the next one begins. */
  end!: string;

  /** Messages charged that were sent in it. */
  @ApiProperty({ type: 'integer' })
  text!: number;

  @ApiProperty({ type: 'integer' })
  audio!: number;

  @ApiProperty({ type: 'integer' })
  media!: number;

  /** Of the replies to them, as far as they are finished. */
  @ApiProperty({ type: 'integer' })
  tokens!: number;
}

export class UsageAggregates {
  /** Ascending, whole, without gaps; also where nothing was sent. */
  buckets!: UsageBucket[];

  /** That no charged message is missing. What faster statistics lack is read from the ledger, so it is true today. */
  complete!: boolean;
}

const GROUPINGS = ['character', 'kind', 'hour'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export class AnalyticsQuery extends SpanQuery {
  @IsOptional()
  @IsIn(GROUPINGS)
  groupBy: Grouping = 'character';

  /** self: the caller's messages; all: everybody's, for administrators. */
  @IsOptional()
  @IsIn(['self', 'all'])
  scope: 'self' | 'all' = 'self';
}

export class MessageTotals {
  @ApiProperty({ type: 'integer' })
  messages!: number;

  @ApiProperty({ type: 'integer' })
  tokens!: number;
}

/** Which of the first three members is present depends on `groupBy`. */
export class MessageAnalyticsRow extends MessageTotals {
  characterId?: string;
  kind?: UsageKind;

  /** Hour of the day, UTC: 0 to 23. */
  @ApiProperty({ type: 'integer' })
  hour?: number;
}

export class MessageAnalytics {
  /** The largest first, at most 100; hours in their order. */
  rows!: MessageAnalyticsRow[];

  /** Over all of them, also those that are not shown. */
  totals!: MessageTotals;
}

export class ActiveUsersQuery extends SpanQuery {
  /** Only those who wrote to this character. */
  @IsOptional()
  @IsId()
  characterId?: string;
}

export class ActiveUsersDay {
  /** UTC date. */
  @ApiProperty({ format: 'date', example: '2026-11-20' })
  date!: string;

  /** Who had a message charged on that day. */
  @ApiProperty({ type: 'integer' })
  users!: number;

  /** Whose first day it was, in the service or with the character asked for. */
  @ApiProperty({ type: 'integer' })
  newUsers!: number;

  /** False for an estimate of a day that is not over (0.8 % off as a rule); true when counted in the ledger. */
  exact!: boolean;
}

export class DailyActiveUsers {
  days!: ActiveUsersDay[];
}
