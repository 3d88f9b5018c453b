import { CacheEvict, Caching, defineCache, InvalidateTags } from '@rapport/cache';
import type { Page } from '../platform/pagination/page.dto.js';
import type {
  Character,
  CharacterHead,
  CharacterLorebook,
  CharacterPrompt,
  CharacterSort,
} from './characters.types.js';
import type { GalleryAsset } from './gallery/gallery.types.js';
import type { CharacterStatistics } from './stats/character-stats.types.js';

// Every write of a character drops all that is cached about it, see ChangesCharacter; the one exception is the
// conversation count, see CharactersService.recordConversation. Keys take the id in lower case because PostgreSQL reads a
// UUID in either case: otherwise an evict under one spelling would leave the entry of another.
const L1 = { ttl: '1m' };
const byId = (id: string): [string] => [id.toLowerCase()];

export const characterById = defineCache<[id: string], Character | undefined>({
  name: 'character',
  key: byId,
  ttl: '6h',
  l1: L1,
  version: 2,
});

export const characterPrompt = defineCache<[id: string], CharacterPrompt | undefined>({
  name: 'character:prompt',
  key: byId,
  ttl: '2h',
  l1: L1,
  version: 2,
});

export const characterLorebook = defineCache<[id: string], CharacterLorebook | undefined>({
  name: 'character:lorebook',
  key: byId,
  ttl: '2h',
  l1: L1,
});

/** All assets of a character; pages, types and single ones are looked up in it. */
export const characterGallery = defineCache<[id: string], GalleryAsset[]>({
  name: 'character:gallery',
  key: byId,
  ttl: '2h',
  l1: L1,
});

/** Of every window. Using a character does not drop it, or a busy one would never have one: it is up to 10 min old. */
export const characterStats = defineCache<[id: string], CharacterStatistics>({
  name: 'character:stats',
  key: byId,
  ttl: '10m',
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

/** For caches of other features that hold something made from a character. */
export const characterTag = (id: string): string => `character:${id.toLowerCase()}`;

type Changing = (id: string, ...rest: never[]) => Promise<unknown>;

const changed = Caching({
  evict: [
    CacheEvict(characterById, byId),
    CacheEvict(characterPrompt, byId),
    CacheEvict(characterLorebook, byId),
    CacheEvict(characterGallery, byId),
    CacheEvict(characterStats, byId),
    CacheEvict(publicCharacters, { all: true }),
    InvalidateTags((id: string) => [characterTag(id)]),
  ],
});

/**
 * On a method that changes the character whose id is its first argument: after it (and after its transaction) drops
 * everything that is cached about the character, and every list.
 */
export const ChangesCharacter =
  () =>
  <Method extends Changing>(
    target: object,
    property: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void =>
    changed(target, property, descriptor);
