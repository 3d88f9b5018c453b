import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { USAGE_KINDS, type UsageKind, type UsageTier } from './usage-kind.js';
import { IsId } from '../platform/ids/is-id.js';

export class KindTally {
  /** Messages charged today. */
  @ApiProperty({ type: 'integer' })
  used!: number;

  /** Messages being answered; they take a place until they are charged or given back. */
  @ApiProperty({ type: 'integer' })
  reserved!: number;
}

export class KindCounter extends KindTally {
  /** Messages a day; null: counted, not limited. */
  @ApiProperty({ type: 'integer', nullable: true })
  limit!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  remaining!: number | null;
}

export class KindCounters {
  text!: KindCounter;
  audio!: KindCounter;
  media!: KindCounter;
}

export class KindTallies {
  text!: KindTally;
  audio!: KindTally;
  media!: KindTally;
}

export class UsageDay {
  tier!: UsageTier;

  /** UTC date. */
  @ApiProperty({ format: 'date', example: '2026-11-20' })
  day!: string;

  timezone!: 'UTC';

  /** The next midnight UTC. */
  resetsAt!: string;
}

/** One user's usage of one character on one UTC day. */
export class UsageCounters extends UsageDay {
  counters!: KindCounters;
}

export class CharacterCounters {
  characterId!: string;
  counters!: KindCounters;
}

export class UsageToday extends UsageDay {
  /** Every character used today; limits are per character. */
  characters!: CharacterCounters[];

  /** Over all characters. */
  totals!: KindTallies;
}

export class ReservationInput {
  @IsId()
  characterId!: string;

  @IsIn(USAGE_KINDS)
  kind!: UsageKind;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  quantity: number = 1;

  /** Whose quota; without it the caller's own. */
  @IsOptional()
  @IsId()
  userId?: string;
}

export class ReservationResponse {
  reservationId!: string;
  expiresAt!: string;

  /** Of the reserved kind, after this reservation; null without a limit. */
  @ApiProperty({ type: 'integer', nullable: true })
  remaining!: number | null;
}

export class ChargeInput {
  /** What is charged, once however often it is committed: the id of the stored message. */
  @IsString()
  @Length(1, 200)
  eventId!: string;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  tokens?: number;
}

export class ChargeResponse {
  reservationId!: string;
  eventId!: string;
}
