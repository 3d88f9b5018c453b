import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { UsageKind } from './usage-kind.js';

export type ReservationStatus = 'reserved' | 'committed' | 'released' | 'expired';

@Entity('usage_reservations')
export class UsageReservationEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'character_id' })
  characterId!: string;

  /** The UTC date it was made on; it settles there, also after midnight. */
  @Column('date')
  day!: string;

  @Column('text')
  kind!: UsageKind;

  @Column('int')
  quantity!: number;

  @Column('text')
  status!: ReservationStatus;

  @Column('text', { name: 'event_id', nullable: true })
  eventId!: string | null;

  @Column('int', { nullable: true })
  tokens!: number | null;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
