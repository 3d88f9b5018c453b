import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Whom a subject of an external issuer is here. */
@Entity('user_identities')
export class UserIdentityEntity {
  @PrimaryColumn('text')
  issuer!: string;

  @PrimaryColumn('text')
  subject!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
