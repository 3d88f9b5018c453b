import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { MessageEntity } from '../messages/message.entity.js';
import { MARK_END, MARK_START } from './snippet.js';

/** A row of the list, before its snippet is made. */
export interface FoundRow {
  conversationId: string;
  characterId: string;
  title: string;
  marked: string;
}

const WORDS = `websearch_to_tsquery('simple', :q)`;
/** Every message's words begin with its owner: nothing of anybody else is looked at. */
const OF_OWNER = `(quote_literal(chr(1) || :userId::text))::tsquery`;
const HEADLINE = `StartSel=${MARK_START}, StopSel=${MARK_END}, MaxWords=32, MinWords=12, ShortWord=0`;

@Injectable()
export class SearchRepository {
  constructor(private readonly database: Database) {}

  /** Whether anything is asked for at all; punctuation alone is nothing. */
  async asksSomething(q: string): Promise<boolean> {
    const [row] = await this.database.manager.query<{ words: number }[]>(
      `SELECT numnode(websearch_to_tsquery('simple', $1)) AS words`,
      [q],
    );
    return (row?.words ?? 0) > 0;
  }

  /** A user's messages with these words; order and page are the caller's to add. */
  matching(userId: string, q: string, characterId: string | undefined): SelectQueryBuilder<MessageEntity> {
    const query = this.database.manager
      .createQueryBuilder(MessageEntity, 'm')
      .select(['m.id', 'm.conversationId', 'm.seq', 'm.role', 'm.createdAt'])
      .innerJoin(
        'conversations',
        'c',
        'c.id = m.conversation_id AND c.user_id = :userId AND c.deleted_at IS NULL',
      )
      .where(`m.search @@ (${OF_OWNER} && ${WORDS})`, { userId, q })
      .andWhere('m.deleted_at IS NULL');
    if (characterId) query.andWhere('c.character_id = :characterId', { characterId });
    return query;
  }

  /** What else a page shows, only for its own messages: cutting a snippet takes longer than finding it. */
  async describe(ids: readonly string[], q: string): Promise<Map<string, FoundRow>> {
    const rows = await this.database.manager.query<(FoundRow & { id: string })[]>(
      `SELECT m.id, m.conversation_id AS "conversationId", c.character_id AS "characterId", c.title,
              ts_headline('simple', translate(m.text, '${MARK_START}${MARK_END}', ''),
                          websearch_to_tsquery('simple', $2), '${HEADLINE}') AS marked
       FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.id = ANY ($1::uuid[])`,
      [ids, q],
    );
    return new Map(rows.map(({ id, ...row }) => [id, row]));
  }
}
