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
}
