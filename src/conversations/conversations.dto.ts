import { Transform, Type } from 'class-transformer';
import {
  IsBoolean,
  IsDate,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { Page, PageQuery } from '../platform/pagination/page.dto.js';
import type { Conversation as ConversationRecord } from './conversation.js';
import { Message } from './messages/messages.dto.js';
import { IsId } from '../platform/ids/is-id.js';

export class StartConversation {
  @IsId()
  characterId!: string;

  /** 0 is the character's first message, 1… its alternate greetings. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(32)
  greetingIndex?: number;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  title?: string;

  @IsOptional()
  @IsObject()
  metadata?: Record<string, unknown>;
}

/** Merge patch: what is left out stays as it is. */
export class ChangeConversation {
  @ValidateIf((change: ChangeConversation) => change.title !== undefined)
  @IsString()
  @Length(1, 200)
  title?: string;

  @ValidateIf((change: ChangeConversation) => change.archived !== undefined)
  @IsBoolean()
  archived?: boolean;
}

export class ConversationsQuery extends PageQuery {
  @IsOptional()
  @IsId()
  characterId?: string;

  /** true: only archived ones; false (default): only the others. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  archived?: boolean;

  /** Only conversations with activity since then (RFC 3339). */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  updatedSince?: Date;
}

export class MarkRead {
  /** Everything up to this message has been read; the largest one ever sent wins. */
  @IsInt()
  @Min(0)
  seq!: number;

  /** Do not tell others. */
  @IsOptional()
  @IsBoolean()
  private?: boolean;
}

export class ReadMarker {
  seq!: number;
}

export class ConversationSummary {
  id!: string;
  characterId!: string;
  title!: string;
  lastMessagePreview!: string;
  lastSeq!: number;
  unread!: number;
  lastActivityAt!: string;
}

export class ConversationPage extends Page<ConversationSummary> {
  override items!: ConversationSummary[];
}

export class Conversation extends ConversationSummary {
  readSeq!: number;
  archived!: boolean;
  version!: number;
  createdAt!: string;
  updatedAt!: string;
}

export class StartedConversation extends Conversation {
  /** Null when the character has no greeting. */
  greeting!: Message | null;
}

/** What of a conversation is in lists. */
type Listed = Pick<
  ConversationRecord,
  'id' | 'characterId' | 'title' | 'lastMessagePreview' | 'lastSeq' | 'readSeq' | 'lastActivityAt'
>;

export const toConversationSummary = (row: Listed): ConversationSummary => ({
  id: row.id,
  characterId: row.characterId,
  title: row.title,
  lastMessagePreview: row.lastMessagePreview,
  lastSeq: row.lastSeq,
  unread: row.lastSeq - row.readSeq,
  lastActivityAt: row.lastActivityAt.toISOString(),
});

export const toConversation = (row: ConversationRecord): Conversation => ({
  ...toConversationSummary(row),
  readSeq: row.readSeq,
  archived: row.archivedAt !== null,
  version: row.version,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
