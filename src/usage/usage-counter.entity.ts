import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UsageKind } from './usage-kind.js';

@Entity('usage_counters')
export class UsageCounterEntity {
  @PrimaryColumn('uuid', { name: 'user_id' })
  userId!: string;

  @PrimaryColumn('uuid', { name: 'character_id' })
  characterId!: string;

  /** UTC date as text. */
  @PrimaryColumn('date')
  day!: string;

  @PrimaryColumn('text')
  kind!: UsageKind;

  @Column('int')
  used!: number;

  @Column('int')
  reserved!: number;

  /** How much of the limit the user was told to have used: 0, 80 or 100. */
  @Column('int', { name: 'told_percent', default: 0 })
  toldPercent!: number;
}
