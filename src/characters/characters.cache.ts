import { defineCache } from '@rapport/cache';
import type { Page } from '../platform/pagination/page.dto.js';
import type { Character, CharacterHead, CharacterPrompt, CharacterSort } from './characters.types.js';

// Every write of a character drops its record, its prompt and all lists; the one exception is the conversation
// count, see CharactersService.recordConversation. Keys take the id in lower case because PostgreSQL reads a UUID in
// either case: otherwise an evict under one spelling would leave the entry of another.
const L1 = { ttl: '1m' };

export const characterById = defineCache<[id: string], Character | undefined>({
  name: 'character',
  key: (id) => [id.toLowerCase()],
  ttl: '6h',
  l1: L1,
});

export const characterPrompt = defineCache<[id: string], CharacterPrompt | undefined>({
  name: 'character:prompt',
  key: (id) => [id.toLowerCase()],
  ttl: '2h',
  l1: L1,
});

/** What tells one cached list from another. The whole public list in its default order has no key of its own. */
export interface CachedList {
  sort: CharacterSort;
  tag?: string;
}

/** Beginnings of the public list. Holds nothing but public characters, so one entry serves every caller. */
export const publicCharacters = defineCache<[list: CachedList], Page<CharacterHead>>({
  name: 'characters:list',
  key: ({ sort, tag }) =>
    sort === 'popular' && tag === undefined ? [] : tag === undefined ? [sort] : [sort, tag],
  ttl: '6h',
  l1: L1,
});
