import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
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
import { Page } from '../../platform/pagination/page.dto.js';
import type { RateLimitState } from '../../platform/rate-limit/rate-headers.js';
import type { UsageCounters } from '../../usage/usage.dto.js';
import type { GenerationParameters } from '../generations/generation.entity.js';
import { GenerationHandle } from '../generations/generations.dto.js';
import type { MessageEditEntity, MessageEntity } from './message.entity.js';
import { IsId } from '../../platform/ids/is-id.js';

const MAX_MESSAGE_LENGTH = 16_000;

/** What is attached to a message; decides which daily allowance it is counted on. */
export class Attachment {
  @IsIn(['audio', 'media'])
  kind!: 'audio' | 'media';

  @IsId()
  assetId!: string;
}

/** How the character should answer. */
export class ReplyOptions {
  /** stream: answer at once and stream the reply; sync: wait for it; none: store the message only. */
  @IsOptional()
  @IsIn(['stream', 'sync', 'none'])
  mode?: 'stream' | 'sync' | 'none';

  @IsOptional()
  @IsString()
  @Length(1, 200)
  model?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(32_768)
  maxTokens?: number;

  @IsOptional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(2)
  temperature?: number;

  @IsOptional()
  @IsInt()
  seed?: number;

  /** Wait for the reply that is being generated instead of being refused (409 generation-active). */
  @IsOptional()
  @IsBoolean()
  queue?: boolean;
}

export class PostMessage {
  /** Chosen by the client; sending it again gives the same message and no second reply. */
  @IsString()
  @Length(1, 128)
  clientMessageId!: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_MESSAGE_LENGTH)
  text?: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => Attachment)
  attachments?: Attachment[];

  /** The message this one refers to. */
  @IsOptional()
  @IsId()
  replyTo?: string;

  /** The message this one follows; the newest one unless told otherwise. */
  @IsOptional()
  @IsId()
  parentId?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => ReplyOptions)
  reply?: ReplyOptions;
}

export class EditMessage {
  @IsString()
  @Length(1, MAX_MESSAGE_LENGTH)
  text!: string;
}

export class RegenerateReply {
  @IsOptional()
  @ValidateNested()
  @Type(() => ReplyOptions)
  reply?: ReplyOptions;
}

export class ChooseVariant {
  @IsId()
  variantId!: string;
}

/** A window on the conversation; at most one of before, after and around. */
export class MessageWindowQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 50;

  /** Messages older than this seq. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  before?: number;

  /** Messages newer than this seq. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  after?: number;

  /** Messages on both sides of this seq. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  around?: number;

  /** Instead of the path that is shown, the one from the beginning to this message. */
  @IsOptional()
  @IsId()
  leaf?: string;
}

export class Message {
  id!: string;
  conversationId!: string;
  seq!: number;
  role!: 'user' | 'character';
  senderId!: string | null;
  clientMessageId!: string | null;
  kind!: 'text' | 'audio' | 'media';
  text!: string;
  attachments!: Attachment[];
  replyTo!: string | null;
  parentId!: string | null;
  generationId!: string | null;
  /** A reply that was cancelled or failed keeps what had been said. */
  status!: 'completed' | 'cancelled' | 'failed';
  finishReason!: string | null;
  editedAt!: string | null;
  createdAt!: string;
}

/** What a message said before an edit. */
export class Revision {
  id!: string;
  text!: string;
  /** When it was replaced. */
  replacedAt!: string;
}

export class RevisionPage extends Page<Revision> {
  override items!: Revision[];
}

export class Variant extends Message {
  /** Whether it is on the path that is shown. */
  active!: boolean;
}

/** Messages that follow the same one, oldest first: at most the first hundred. */
export class Variants {
  items!: Variant[];
}

/** Ascending by seq. */
export class MessageWindow {
  items!: Message[];
  oldestSeq!: number | null;
  newestSeq!: number | null;
  hasBefore!: boolean;
  hasAfter!: boolean;
}

export class TokenUsage {
  promptTokens!: number;
  completionTokens!: number;
}

/** Which of these are present depends on `reply.mode`. */
export class PostedMessage {
  message!: Message;
  /** The reply that is on its way (mode stream). */
  generation?: GenerationHandle;
  /** The whole reply (mode sync). */
  reply?: Message | null;
  /** Tokens of the reply (mode sync). */
  usage?: TokenUsage;
}

/** The ack of message:send. */
export class SentMessage {
  message!: Message;
  generation?: GenerationHandle;
  /** What is left of today's allowance with this character. */
  usage!: UsageCounters;
  /** What the `RateLimit` headers of a sent message say. */
  rateLimits!: RateLimitState[];
  /** True when this clientMessageId was sent before: nothing was stored or charged again. */
  duplicate!: boolean;
}

/** The regeneration that is on its way. */
export class RegeneratedReply {
  generation!: GenerationHandle;
}

/** What the model is asked with; null says the same as leaving a field out. */
export const parametersOf = (options: ReplyOptions | null | undefined): GenerationParameters => ({
  model: options?.model ?? undefined,
  maxTokens: options?.maxTokens ?? undefined,
  temperature: options?.temperature ?? undefined,
  seed: options?.seed ?? undefined,
});

export const toMessage = (row: MessageEntity): Message => ({
  id: row.id,
  conversationId: row.conversationId,
  seq: row.seq,
  role: row.role,
  senderId: row.senderId,
  clientMessageId: row.clientMessageId,
  kind: row.kind,
  text: row.text,
  attachments: row.attachments,
  replyTo: row.replyTo,
  parentId: row.parentId,
  generationId: row.generationId,
  status: row.status,
  finishReason: row.finishReason,
  editedAt: row.editedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});

export const toRevision = ({ id, text, editedAt }: MessageEditEntity): Revision => ({
  id,
  text,
  replacedAt: editedAt.toISOString(),
});
