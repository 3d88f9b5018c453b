import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { DroppedSegment, ExplainedPrompt, PromptSource } from '../ai.types.js';
import type { LoreFinding, LoreReason } from '../lorebook/lore.scan.js';

export class PreviewedTurn {
  @IsIn(['user', 'character'])
  role!: 'user' | 'character';

  @IsString()
  @MaxLength(16_000)
  text!: string;
}

/** A conversation that a prompt is to be made for; nothing of it is stored. */
export class PromptPreviewInput {
  /** Oldest first; ends with the message to answer. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(400)
  @ValidateNested({ each: true })
  @Type(() => PreviewedTurn)
  history?: PreviewedTurn[] | null;

  /** What `{{user}}` becomes; your own name by default. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  userName?: string | null;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string | null;

  /** Decides where the card leaves something to chance. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number | null;
}

export class PromptModelQuery {
  /** Its window and its way of counting; the default one without. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;
}

export class PromptMessage {
  role!: 'system' | 'user' | 'assistant';
  content!: string;
  source!: PromptSource;
}

export class PromptLore {
  entryId!: string;
  /** Whether it belongs to this turn; `dropped` tells where there was no room for it. */
  fired!: boolean;
  reason!: LoreReason;
  /** The key that was found, or that kept it from firing. */
  key?: string;
}

export class PromptDropped {
  source!: PromptSource;
  /**
   * `budget`: no room beside what comes before it; `token-budget`: beyond what the lorebook allows itself; `not-needed`: a
   * summary of what is there in full.
   */
  reason!: DroppedSegment['reason'];
  @ApiProperty({ type: 'integer' })
  tokens!: number;
  @ApiProperty({ type: 'integer', required: false })
  messageSeq?: number;
  entryId?: string;
}

export class PromptRoom {
  /** Tokens that the model holds. */
  @ApiProperty({ type: 'integer' })
  window!: number;
  /** Kept free for the reply, and for what the model counts otherwise. */
  @ApiProperty({ type: 'integer' })
  reserved!: number;
  @ApiProperty({ type: 'integer' })
  used!: number;
}

export class PromptPreview {
  messages!: PromptMessage[];
  @ApiProperty({ type: 'integer' })
  tokens!: number;
  budget!: PromptRoom;
  /** One for each entry of the lorebook, in its order. */
  lore!: PromptLore[];
  /** What was left out, in the order of the prompt; history is numbered from 1. */
  dropped!: PromptDropped[];
}

/** What a prompt says before anybody has spoken; `{{user}}` stands for the user's name. */
export class CompiledPrompt {
  messages!: PromptMessage[];
  @ApiProperty({ type: 'integer' })
  tokens!: number;
  /** The character's. */
  @ApiProperty({ type: 'integer' })
  version!: number;
}

export const toPreview = ({
  messages,
  promptTokens,
  budget,
  lore,
  dropped,
}: ExplainedPrompt): PromptPreview => ({
  messages,
  tokens: promptTokens,
  budget,
  lore: lore.map((finding: LoreFinding) => ({ ...finding })),
  dropped,
});
