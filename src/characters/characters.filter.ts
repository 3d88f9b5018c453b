import { isAdmin, type Actor } from '../platform/actor/actor.js';
import type { CharacterSort, Visibility } from './characters.types.js';
import type { CachedList } from './characters.cache.js';
import { normalizeTag } from './characters.rules.js';

export interface CharacterListQuery {
  q?: string;
  tag?: string;
  creator?: string;
  visibility?: Visibility;
  sort: CharacterSort;
}

/** Which characters a list holds, for a certain caller. Also what its cursors are bound to. */
export interface CharacterFilter {
  q?: string;
  tag?: string;
  creatorId?: string;
  visibility?: Visibility;
  /** Only characters of this creator, whatever else is asked for: the caller sees no other unlisted and private ones. */
  ownedBy?: string;
}

export function filterFor(actor: Actor, query: CharacterListQuery): CharacterFilter {
  const creatorId = query.creator?.toLowerCase();
  const mayListAll = isAdmin(actor) || creatorId === actor.id;
  const visibility = query.visibility ?? (creatorId !== undefined && mayListAll ? undefined : 'public');
  return {
    q: query.q || undefined,
    tag: query.tag === undefined ? undefined : normalizeTag(query.tag),
    creatorId,
    visibility,
    ownedBy: visibility === 'public' || isAdmin(actor) ? undefined : actor.id,
  };
}

/** The cache entry that a filter's first page comes from; undefined when the list is a caller's own, or one of too many. */
export function cachedListOf(filter: CharacterFilter, sort: CharacterSort): CachedList | undefined {
  if (filter.visibility !== 'public' || filter.q !== undefined || filter.creatorId !== undefined)
    return undefined;
  return { sort, tag: filter.tag };
}
