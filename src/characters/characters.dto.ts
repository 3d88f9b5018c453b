import { ApiProperty, OmitType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsOptional,
  IsUUID,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import type { Actor } from '../platform/actor/actor.js';
import { Page, PageQuery } from '../platform/pagination/page.dto.js';
import {
  SORTS,
  VISIBILITIES,
  type Character,
  type CharacterHead,
  type CharacterSort,
  type Visibility,
} from './characters.types.js';
import { mayChange } from './characters.policy.js';
import { LIMITS } from './characters.rules.js';
import { IsPlainText } from './plain-text.validator.js';

const Trimmed = () => Transform(({ value }) => (typeof value === 'string' ? value.trim() : value));

/** A character to create, or to put in the place of the old one. Only the name is required. */
export class CharacterInput {
  @Trimmed()
  @IsPlainText()
  @Matches(/^\P{Cc}*$/u, { message: 'name must be one line without control characters' })
  @Length(1, LIMITS.name)
  name!: string;

  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.description)
  description?: string | null;

  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.personality)
  personality?: string | null;

  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.scenario)
  scenario?: string | null;

  /** The greeting that opens a conversation. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.greeting)
  firstMessage?: string | null;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.greetings)
  @IsPlainText({ each: true })
  @MaxLength(LIMITS.greeting, { each: true })
  alternateGreetings?: string[] | null;

  /** Blocks that start with `<START>` and hold `{{char}}:` and `{{user}}:` lines. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.exampleDialogue)
  exampleDialogue?: string | null;

  /** Goes before everything else; `{{original}}` stands for the service's own. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.systemPrompt)
  systemPrompt?: string | null;

  /** Goes after the conversation so far. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.postHistoryInstructions)
  postHistoryInstructions?: string | null;

  /** For people who choose a character; never part of a prompt. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.creatorNotes)
  creatorNotes?: string | null;

  /** Kept trimmed, in lower case and without repetitions. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.tags)
  @IsPlainText({ each: true })
  @MaxLength(LIMITS.tag, { each: true })
  tags?: string[] | null;

  /** Default `private`. Unlisted characters are found only by their id. */
  @IsOptional()
  @IsIn(VISIBILITIES)
  visibility?: Visibility | null;
}

/** A merge patch (RFC 7396): absent fields stay, null resets a field to its default. The name cannot be reset. */
export class CharacterPatch extends OmitType(CharacterInput, ['name'] as const) {
  // Not IsOptional: that would let null through, and a character without a name is none.
  @ValidateIf((patch: CharacterPatch) => patch.name !== undefined)
  @Trimmed()
  @IsPlainText()
  @Matches(/^\P{Cc}*$/u, { message: 'name must be one line without control characters' })
  @Length(1, LIMITS.name)
  name?: string;
}

export class CharacterQuery extends PageQuery {
  /** Text that the name or the description contains, in either case. */
  @IsOptional()
  @Trimmed()
  @IsPlainText()
  @MaxLength(LIMITS.search)
  q?: string;

  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.tag)
  tag?: string;

  /** A user's id. One's own list holds every visibility, another's only what is public. */
  @IsOptional()
  @IsUUID('all')
  creator?: string;

  /** Default `public`. The others list one's own characters only. */
  @IsOptional()
  @IsIn(VISIBILITIES)
  visibility?: Visibility;

  @IsIn(SORTS)
  sort: CharacterSort = 'popular';
}

export class CharacterSummary {
  id!: string;
  name!: string;
  /** The beginning of the description. */
  description!: string;
  tags!: string[];
  /** null once the creator's account is gone. */
  creatorId!: string | null;
  visibility!: Visibility;
  @ApiProperty({ type: 'integer' })
  conversationCount!: number;
  createdAt!: string;
  updatedAt!: string;
}

export class CharacterPage extends Page<CharacterSummary> {
  override items!: CharacterSummary[];
}

// Without conversationCount: the ETag is the version, and a count goes up without a new version.
export class CharacterResponse {
  id!: string;
  /** null once the creator's account is gone. */
  creatorId!: string | null;
  name!: string;
  description!: string;
  personality!: string;
  scenario!: string;
  firstMessage!: string;
  alternateGreetings!: string[];
  exampleDialogue!: string;
  creatorNotes!: string;
  tags!: string[];
  visibility!: Visibility;
  @ApiProperty({ type: 'integer' })
  version!: number;
  createdAt!: string;
  updatedAt!: string;
  /** Only for the creator and administrators. */
  systemPrompt?: string;
  /** Only for the creator and administrators. */
  postHistoryInstructions?: string;
}

/** The parts of the prompt that stay the same from message to message. */
export class CharacterPromptResponse {
  @ApiProperty({ type: 'integer' })
  version!: number;
  system!: string;
  postHistory!: string;
  greeting!: string;
  alternateGreetings!: string[];
  exampleDialogue!: string;
}

export const toSummary = ({ excerpt, createdAt, updatedAt, ...head }: CharacterHead): CharacterSummary => ({
  ...head,
  description: excerpt,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

export function toResponse(actor: Actor, character: Character): CharacterResponse {
  const {
    systemPrompt,
    postHistoryInstructions,
    conversationCount: _count,
    createdAt,
    updatedAt,
    ...shown
  } = character;
  return {
    ...shown,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(mayChange(actor, character) ? { systemPrompt, postHistoryInstructions } : {}),
  };
}
