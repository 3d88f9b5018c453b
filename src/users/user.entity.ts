import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Tier, UserRole } from './users.types.js';

@Entity('users')
export class UserEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  @Column('text', { name: 'email_normalized', nullable: true })
  emailNormalized!: string | null;

  @Column('text')
  username!: string;

  @Column('text', { name: 'username_normalized' })
  usernameNormalized!: string;

  /** Null: another account that looks the same is older than the rule against it. */
  @Column('text', { name: 'username_skeleton', nullable: true })
  usernameSkeleton!: string | null;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('text')
  bio!: string;

  @Column('text', { name: 'avatar_url', nullable: true })
  avatarUrl!: string | null;

  @Column('text', { nullable: true })
  locale!: string | null;

  @Column('text', { nullable: true })
  timezone!: string | null;

  /** Read by {@link UsersRepository.credentialsByEmail} only. */
  @Column('text', { name: 'password_hash', nullable: true, select: false })
  passwordHash?: string | null;

  @Column('text')
  role!: UserRole;

  @Column('text')
  tier!: Tier;

  @Column('timestamptz', { name: 'tier_since' })
  tierSince!: Date;

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  /** Since when the account is closed; it is gone for everybody from then on. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;

  /** Since when nothing of the person is left in the row. */
  @Column('timestamptz', { name: 'erased_at', nullable: true })
  erasedAt!: Date | null;
}
