import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('conversations')
export class ConversationEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'character_id' })
  characterId!: string;

  @Column('text')
  title!: string;

  @Column('jsonb')
  metadata!: Record<string, unknown>;

  @Column('int', { name: 'metadata_version' })
  metadataVersion!: number;

  /** The newest message's seq; the row's lock hands out the next one. */
  @Column('int', { name: 'last_seq' })
  lastSeq!: number;

  @Column('int', { name: 'read_seq' })
  readSeq!: number;

  /** The branch whose end is shown and answered. */
  @Column('int', { name: 'active_branch' })
  activeBranch!: number;

  /** Grows with every message that is edited or taken back: what was made of the messages before is outdated. */
  @Column('int', { name: 'content_changes' })
  contentChanges!: number;

  @Column('text', { name: 'last_message_preview' })
  lastMessagePreview!: string;

  @Column('timestamptz', { name: 'last_activity_at' })
  lastActivityAt!: Date;

  @Column('timestamptz', { name: 'archived_at', nullable: true })
  archivedAt!: Date | null;

  /** Grows with every change of what clients see, messages included: it is the ETag. */
  @Column('int')
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}
