import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import type { ExplainedPrompt, PromptSource } from '../ai/ai.types.js';
import { PromptDropped, PromptLore, PromptRoom } from '../ai/prompt/character-prompts.dto.js';

export class ContextQuery {
  /** Its window and its way of counting; the default one without. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;

  /** true: what became of each entry of the lorebook, too. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  explain?: boolean;
}

export class ContextSegment {
  source!: PromptSource;
  @ApiProperty({ type: 'integer' })
  tokens!: number;
  @ApiProperty({ type: 'integer', required: false })
  messageSeq?: number;
  /** Of the lorebook. */
  entryId?: string;
}

export class ConversationContext {
  budget!: PromptRoom;
  /** In the order of the prompt. */
  segments!: ContextSegment[];
  dropped!: PromptDropped[];
  /** The oldest message that is in it; null without any. Older ones are in the summary, if there is one. */
  @ApiProperty({ type: 'integer', nullable: true })
  coversFromSeq!: number | null;
  /** Only with `explain`. Keys are shown to the character's creator alone. */
  lore?: PromptLore[];
}

export const toContext = (
  { budget, segments, dropped, coversFromSeq, lore }: ExplainedPrompt,
  { explain, showsKeys }: { explain: boolean; showsKeys: boolean },
): ConversationContext => ({
  budget,
  segments,
  dropped,
  coversFromSeq,
  ...(explain && {
    lore: lore.map(({ key, ...finding }) => (showsKeys && key !== undefined ? { ...finding, key } : finding)),
  }),
});
