import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was said up to a message, in short. One per conversation. */
@Entity('conversation_summaries')
export class SummaryEntity {
  @PrimaryColumn('uuid', { name: 'conversation_id' })
  conversationId!: string;

  @Column('text')
  text!: string;

  @Column('int', { name: 'covers_through_seq' })
  coversThroughSeq!: number;

  /** Where the last message that is covered stands. */
  @Column('int')
  branch!: number;

  @Column('int')
  pos!: number;

  /** Something that is covered was changed or taken back since. */
  @Column('boolean')
  stale!: boolean;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
