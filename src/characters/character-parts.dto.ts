import { ApiProperty, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsNumber,
  IsOptional,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { CharacterInput } from './characters.dto.js';
import { LIMITS } from './characters.rules.js';
import type { Character } from './characters.types.js';
import { IsPlainText } from './plain-text.validator.js';

/** The prompt of a character. What is absent becomes empty. */
export class CharacterPromptInput extends PickType(CharacterInput, [
  'alternateGreetings',
  'exampleDialogue',
] as const) {
  /** Goes before everything else; `{{original}}` stands for the service's own. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.systemPrompt)
  system?: string | null;

  /** Goes after the conversation so far. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.postHistoryInstructions)
  postHistory?: string | null;

  /** Opens a conversation. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.greeting)
  greeting?: string | null;
}

/** Of each part as it is written, before macros are filled in. */
export class PromptTokens {
  @ApiProperty({ type: 'integer' })
  system!: number;
  @ApiProperty({ type: 'integer' })
  postHistory!: number;
  @ApiProperty({ type: 'integer' })
  greeting!: number;
  @ApiProperty({ type: 'array', items: { type: 'integer' } })
  alternateGreetings!: number[];
  @ApiProperty({ type: 'integer' })
  exampleDialogue!: number;
}

/** The parts of the prompt that stay the same from message to message. */
export class CharacterPromptResponse {
  /** Goes up whenever one of them changes, however it was changed. */
  @ApiProperty({ type: 'integer' })
  version!: number;
  system!: string;
  postHistory!: string;
  greeting!: string;
  alternateGreetings!: string[];
  exampleDialogue!: string;
  tokenCounts!: PromptTokens;
}

export class Trait {
  /** One word or few, such as `patient`. */
  @IsPlainText()
  @Length(1, LIMITS.traitName)
  name!: string;

  /** How much of it: 0 to 1. */
  @IsNumber()
  @Min(0)
  @Max(1)
  weight!: number;
}

/** How a character is, in terms that its replies can be compared with. What is absent becomes empty. */
export class PersonalityInput {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.traits)
  @ValidateNested({ each: true })
  @Type(() => Trait)
  traits?: Trait[] | null;

  /** How it sounds, such as `warm, a little dry`. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.tone)
  tone?: string | null;

  /** How it writes, such as `short sentences, no questions`. */
  @IsOptional()
  @IsPlainText()
  @MaxLength(LIMITS.style)
  style?: string | null;
}

export class CharacterPersonality {
  traits!: Trait[];
  tone!: string;
  style!: string;
  @ApiProperty({ type: 'integer' })
  version!: number;
}

export const toPersonality = ({
  personalityProfile,
  personalityVersion,
}: Character): CharacterPersonality => ({
  ...personalityProfile,
  version: personalityVersion,
});
