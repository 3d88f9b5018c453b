import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { KeyScope } from '../../platform/actor/key-scopes.js';

@Entity('api_keys')
export class ApiKeyEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  /** The part of the key that finds its row; shown to its owner, worthless alone. */
  @Column('text')
  prefix!: string;

  /** SHA-256 of the whole key: it has 256 random bits, so a slow hash would protect nothing more. */
  @Column('bytea', { name: 'secret_hash' })
  secretHash!: Buffer;

  @Column('text', { array: true })
  scopes!: KeyScope[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** To the hour: telling more would cost a write with every request. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;
}
