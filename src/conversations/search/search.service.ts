import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import type { KeysetColumn } from '../../platform/pagination/keyset.js';
import { Pagination } from '../../platform/pagination/pagination.js';
import type { FoundMessage, FoundPage, SearchQuery } from './search.dto.js';
import { SearchRepository } from './search.repository.js';
import { readSnippet } from './snippet.js';

const NEWEST_FIRST: readonly KeysetColumn[] = [
  { expression: 'm.created_at', type: 'timestamptz', direction: 'desc' },
  { expression: 'm.id', type: 'uuid', direction: 'desc' },
];

/** Finds what was said in one's own conversations, on every branch, by whole words of any language. */
@Injectable()
export class SearchService {
  constructor(
    private readonly found: SearchRepository,
    private readonly pagination: Pagination,
  ) {}

  async search(actor: Actor, { q, characterId, ...request }: SearchQuery): Promise<FoundPage> {
    // PostgreSQL text holds no NUL, and no message does.
    const words = q.replaceAll('\u0000', ' ');
    if (!(await this.found.asksSomething(words))) return { items: [], nextCursor: null, prevCursor: null };
    const page = await this.pagination.page({
      query: this.found.matching(actor.id, words, characterId),
      request,
      list: 'messages found',
      filters: { userId: actor.id, q, characterId },
      keys: NEWEST_FIRST,
      toItem: (row) => row,
    });
    const described = await this.found.describe(
      page.items.map(({ id }) => id),
      words,
    );
    const items = page.items.flatMap(({ id, seq, role, createdAt }): FoundMessage[] => {
      const row = described.get(id);
      if (!row) return [];
      const { marked, ...where } = row;
      const found = { messageId: id, ...where, seq, role, ...readSnippet(marked) };
      return [{ ...found, createdAt: createdAt.toISOString() }];
    });
    return { ...page, items };
  }
}
