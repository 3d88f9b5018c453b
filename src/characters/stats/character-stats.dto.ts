import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { STATS_WINDOWS, type CharacterStatistics, type StatsWindow } from './character-stats.types.js';

export class StatsQuery {
  /** Days are UTC: today, the last seven with today, or since there is the character. */
  @IsIn(STATS_WINDOWS)
  window: StatsWindow = 'all';
}

export class CharacterStats {
  /** That were begun. */
  @ApiProperty({ type: 'integer' })
  conversations!: number;
  /** Of people and of the character. */
  @ApiProperty({ type: 'integer' })
  messages!: number;
  @ApiProperty({ type: 'integer' })
  uniqueUsers!: number;
  /** From asking to the last word; null without a reply. */
  @ApiProperty({ type: 'integer', nullable: true })
  avgReplyMs!: number | null;
  /** Of prompts and replies. */
  @ApiProperty({ type: 'integer' })
  tokens!: number;
  @ApiProperty({ type: 'string', nullable: true })
  lastActiveAt!: string | null;
  /** When this was counted: up to ten minutes ago. */
  asOf!: string;
}

export const toStats = ({ windows, asOf }: CharacterStatistics, window: StatsWindow): CharacterStats => ({
  ...windows[window],
  lastActiveAt: windows[window].lastActiveAt?.toISOString() ?? null,
  asOf: asOf.toISOString(),
});
