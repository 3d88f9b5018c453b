import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Page, PageQuery } from '../../platform/pagination/page.dto.js';
import { IsId } from '../../platform/ids/is-id.js';

export class SearchQuery extends PageQuery {
  /** Words that are all said; "quoted words" follow each other, -word is not said, or stands between alternatives. */
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  q!: string;

  @IsOptional()
  @IsId()
  characterId?: string;
}

/** A part of a snippet that was looked for. */
export class Highlight {
  /** UTF-16 units of the snippet. */
  start!: number;
  length!: number;
}

export class FoundMessage {
  /** Also the `leaf` to read its surroundings with. */
  messageId!: string;
  conversationId!: string;
  characterId!: string;
  /** The conversation's. */
  title!: string;
  seq!: number;
  role!: 'user' | 'character';
  /** The part of its text where the words are. */
  snippet!: string;
  highlights!: Highlight[];
  createdAt!: string;
}

/** The newest first. */
export class FoundPage extends Page<FoundMessage> {
  override items!: FoundMessage[];
}
