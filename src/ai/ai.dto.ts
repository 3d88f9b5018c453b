import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  ANALYSIS_KINDS,
  INTENTS,
  SAFETY_CATEGORIES,
  SENTIMENTS,
  type AnalysisKind,
  type AnalysisResults,
} from './analysis/analysis.types.js';
import { IsId } from '../platform/ids/is-id.js';

const MAX_TEXT = 32_000;

export class AnalysisInput {
  /** What to analyse; this or `messageId`. Analyses read its first 8,000 characters. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_TEXT)
  text?: string;

  /** A message of a conversation; this or `text`. */
  @IsOptional()
  @IsId()
  messageId?: string;

  /** Without it, all. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(ANALYSIS_KINDS.length)
  @ArrayUnique()
  @IsIn(ANALYSIS_KINDS, { each: true })
  @ApiProperty({ enum: ANALYSIS_KINDS, isArray: true, required: false })
  kinds?: AnalysisKind[];
}

export class SentimentAnalysis {
  @ApiProperty({ enum: SENTIMENTS })
  label!: (typeof SENTIMENTS)[number];
  /** -1 to 1. */
  score!: number;
  confidence!: number;
}

export class IntentAnalysis {
  @ApiProperty({ enum: INTENTS })
  label!: (typeof INTENTS)[number];
  confidence!: number;
}

export class WeighedTopic {
  topic!: string;
  weight!: number;
}

export class TopicsAnalysis {
  topics!: WeighedTopic[];
  confidence!: number;
}

export class SafetyScore {
  @ApiProperty({ enum: SAFETY_CATEGORIES })
  category!: (typeof SAFETY_CATEGORIES)[number];
  score!: number;
}

export class SafetyAnalysis {
  /** Whether any category reached one half. */
  flagged!: boolean;
  categories!: SafetyScore[];
  confidence!: number;
}

/** One member for each kind that was asked for. Confidence is from 0 to 1. */
export class AnalysisResultSet implements AnalysisResults {
  sentiment?: SentimentAnalysis;
  intent?: IntentAnalysis;
  topics?: TopicsAnalysis;
  safety?: SafetyAnalysis;
}

export class AnalysisResponse {
  results!: AnalysisResultSet;
  /** Whether the same text had been analysed before. */
  cached!: boolean;
  /** Of the way of reading: another one may judge the same text differently. */
  analysisVersion!: string;
}

export class PersonalityReadingInput {
  @IsId()
  characterId!: string;

  /** What the character said. */
  @IsString()
  @Length(1, MAX_TEXT)
  text!: string;
}

export class WeighedTrait {
  name!: string;
  weight!: number;
}

export class ReadTone {
  label!: string;
  confidence!: number;
}

export class ReadStyle {
  @ApiProperty({ type: 'integer' })
  words!: number;
  wordsPerSentence!: number;
  @ApiProperty({ type: 'integer' })
  questions!: number;
  @ApiProperty({ type: 'integer' })
  exclamations!: number;
  /** Actions between asterisks. */
  @ApiProperty({ type: 'integer' })
  gestures!: number;
}

export class PersonalityReadingResult {
  traits!: WeighedTrait[];
  tone!: ReadTone;
  style!: ReadStyle;
  /** 0 to 1: how much of what the character declares the text shows; null where nothing comparable is declared. */
  consistency!: number | null;
  confidence!: number;
  cached!: boolean;
  engineVersion!: string;
}

export class CompletionTurn {
  @IsIn(['system', 'user', 'character'])
  @ApiProperty({ enum: ['system', 'user', 'character'] })
  role!: 'system' | 'user' | 'character';

  @IsString()
  @MaxLength(MAX_TEXT)
  text!: string;
}

export class CompletionReplyOptions {
  /** `sync`: the whole reply; `stream`: reply events. */
  @IsOptional()
  @IsIn(['sync', 'stream'])
  mode?: 'sync' | 'stream';

  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(200_000)
  @ApiProperty({ type: 'integer', required: false })
  maxTokens?: number;

  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2)
  temperature?: number;

  @IsOptional()
  @IsInt()
  @ApiProperty({ type: 'integer', required: false })
  seed?: number;
}

export class CompletionInput {
  /** Who answers; without it the bare model. */
  @IsOptional()
  @IsId()
  characterId?: string;

  /** Oldest first; `system` adds to the instructions. */
  @ArrayNotEmpty()
  @ArrayMaxSize(2_000)
  @ValidateNested({ each: true })
  @Type(() => CompletionTurn)
  messages!: CompletionTurn[];

  @IsOptional()
  @ValidateNested()
  @Type(() => CompletionReplyOptions)
  reply?: CompletionReplyOptions;
}

export class CompletionTokens {
  @ApiProperty({ type: 'integer' })
  promptTokens!: number;
  @ApiProperty({ type: 'integer' })
  completionTokens!: number;
}

export class CompletionResponse {
  text!: string;
  @ApiProperty({ enum: ['stop', 'length', 'filter'] })
  finishReason!: 'stop' | 'length' | 'filter';
  usage!: CompletionTokens;
}

export class AiModelResponse {
  id!: string;
  /** Tokens that prompt and reply may take together. */
  @ApiProperty({ type: 'integer' })
  contextWindow!: number;
  /** Whether it replies when none is named. */
  isDefault!: boolean;
}

export class AiModelList {
  /** Without a model server the offline responder answers, and there is nothing to choose. */
  @ApiProperty({ enum: ['offline', 'url'] })
  mode!: 'offline' | 'url';
  items!: AiModelResponse[];
}

export class OfCharacterQuery {
  /** Only what is kept of this character. */
  @IsOptional()
  @IsId()
  characterId?: string;
}
