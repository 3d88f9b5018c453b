import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Visibility } from './character.js';

@Entity('characters')
export class CharacterEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'creator_id', type: 'uuid', nullable: true })
  creatorId!: string | null;

  @Column('text')
  name!: string;

  @Column('text')
  description!: string;

  @Column('text')
  personality!: string;

  @Column('text')
  scenario!: string;

  @Column({ name: 'first_message', type: 'text' })
  firstMessage!: string;

  @Column({ name: 'alternate_greetings', type: 'jsonb' })
  alternateGreetings!: string[];

  @Column({ name: 'example_dialogue', type: 'text' })
  exampleDialogue!: string;

  @Column({ name: 'system_prompt', type: 'text' })
  systemPrompt!: string;

  @Column({ name: 'post_history_instructions', type: 'text' })
  postHistoryInstructions!: string;

  @Column({ name: 'creator_notes', type: 'text' })
  creatorNotes!: string;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column('text')
  visibility!: Visibility;

  @Column({ name: 'conversation_count', type: 'int' })
  conversationCount!: number;

  @Column('int')
  version!: number;

  // Written by the service with millisecond precision: the database's own now() has microseconds, which a Date cannot
  // carry, and a list cursor made from the truncated time would repeat or skip rows.
  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
