import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsOptional,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import type { JsonObject } from './cards/card.types.js';
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
import { IsJsonObject, IsTextByLanguage } from './json-object.validator.js';
import { IsPlainText } from './plain-text.validator.js';
import { IsId } from '../platform/ids/is-id.js';

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

  /** What `{{char}}` becomes, where it is not the name. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.name)
  nickname?: string | null;

  /** Openings for conversations of more than two. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.greetings)
  @IsPlainText({ each: true })
  @MaxLength(LIMITS.greeting, { each: true })
  groupOnlyGreetings?: string[] | null;

  /** Creator's notes by language, as ISO 639-1. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  @IsOptional()
  @IsTextByLanguage({ languages: LIMITS.languages, max: LIMITS.creatorNotes })
  creatorNotesMultilingual?: Record<string, string> | null;

  /** Ids or addresses of where the card comes from. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.sources)
  @IsPlainText({ each: true })
  @MaxLength(LIMITS.source, { each: true })
  source?: string[] | null;

  /** Whom the card names as its maker. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.author)
  author?: string | null;

  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.characterVersion)
  characterVersion?: string | null;

  /** Free for applications: at most 64 KiB of JSON. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, nullable: true })
  @IsOptional()
  @IsJsonObject(LIMITS.extensionsBytes)
  extensions?: JsonObject | null;
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

const SUMMARY_FIELDS = [
  'id',
  'name',
  'description',
  'tags',
  'creatorId',
  'visibility',
  'conversationCount',
  'createdAt',
  'updatedAt',
] as const satisfies (keyof CharacterSummary)[];
const FIELD_LIST = new RegExp(`^(?:${SUMMARY_FIELDS.join('|')})(?:,(?:${SUMMARY_FIELDS.join('|')}))*$`);

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
  @IsId()
  creator?: string;

  /** Default `public`. The others list one's own characters only. */
  @IsOptional()
  @IsIn(VISIBILITIES)
  visibility?: Visibility;

  @IsIn(SORTS)
  sort: CharacterSort = 'popular';

  /** Names of the fields that each item is to have, separated by commas; `id` is always there. */
  @ApiPropertyOptional({ example: 'name,tags' })
  @IsOptional()
  @Matches(FIELD_LIST, {
    message: `fields must be names out of ${SUMMARY_FIELDS.join(', ')}, with commas between`,
  })
  fields?: string;
}

/** Of the other fields only those that `fields` asked for, where it was given. */
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
  nickname!: string;
  groupOnlyGreetings!: string[];
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  creatorNotesMultilingual!: Record<string, string>;
  source!: string[];
  /** Whom the card names as its maker. */
  author!: string;
  characterVersion!: string;
  @ApiProperty({ type: 'object', additionalProperties: true })
  extensions!: JsonObject;
  @ApiProperty({ type: 'integer' })
  version!: number;
  createdAt!: string;
  updatedAt!: string;
  /** Only for the creator and administrators. */
  systemPrompt?: string;
  /** Only for the creator and administrators. */
  postHistoryInstructions?: string;
}

export const toSummary = ({ excerpt, createdAt, updatedAt, ...head }: CharacterHead): CharacterSummary => ({
  ...head,
  description: excerpt,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

/** Keeps of an item what was asked for. */
export function pickFields(item: CharacterSummary, fields: string | undefined): CharacterSummary {
  if (fields === undefined) return item;
  const asked = new Set(['id', ...fields.split(',')]);
  return Object.fromEntries(
    Object.entries(item).filter(([field]) => asked.has(field)),
  ) as unknown as CharacterSummary;
}

export function toResponse(actor: Actor, character: Character): CharacterResponse {
  const {
    systemPrompt,
    postHistoryInstructions,
    personalityProfile: _profile,
    promptVersion: _prompt,
    personalityVersion: _personality,
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
