import { Column, Entity, PrimaryColumn, VirtualColumn } from 'typeorm';
import type { CardRest } from './cards/card-mapping.js';
import type { Lorebook } from './cards/card.types.js';
import type { PersonalityProfile, Visibility } from './characters.types.js';

abstract class CharacterColumns {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ type: 'uuid', nullable: true })
  creatorId!: string | null;

  @Column('text')
  name!: string;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column('text')
  visibility!: Visibility;

  @Column('int')
  conversationCount!: number;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz')
  updatedAt!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}

@Entity('characters')
export class CharacterEntity extends CharacterColumns {
  @Column('text')
  description!: string;

  @Column('text')
  personality!: string;

  @Column('text')
  scenario!: string;

  @Column('text')
  firstMessage!: string;

  @Column('jsonb')
  alternateGreetings!: string[];

  @Column('text')
  exampleDialogue!: string;

  @Column('text')
  systemPrompt!: string;

  @Column('text')
  postHistoryInstructions!: string;

  @Column('text')
  creatorNotes!: string;

  /** Everything else that its card says. */
  @Column('jsonb')
  card!: CardRest;

  @Column('jsonb')
  personalityProfile!: PersonalityProfile;

  /** Of its own accord only: prompts need it, and it may be the largest part. */
  @Column({ type: 'jsonb', nullable: true, select: false })
  lorebook!: Lorebook | null;

  @Column('int')
  version!: number;

  @Column('int')
  promptVersion!: number;

  @Column('int')
  personalityVersion!: number;

  @Column('int')
  lorebookVersion!: number;
}

/** The same rows as lists read them: a page of whole characters could be megabytes. */
@Entity('characters')
export class CharacterHeadEntity extends CharacterColumns {
  @VirtualColumn('text', { query: (alias) => `left(${alias}.description, 400)` })
  opening!: string;
}
