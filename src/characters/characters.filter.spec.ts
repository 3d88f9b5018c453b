import type { Actor } from '../platform/actor/actor.js';
import { cachedListOf, filterFor, type CharacterListQuery } from './characters.filter.js';

const me: Actor = { id: 'me', role: 'user' };
const admin: Actor = { id: 'admin', role: 'admin' };
const ask = (query: Partial<CharacterListQuery> = {}): CharacterListQuery => ({ sort: 'popular', ...query });

describe('the filter of a list', () => {
  it('is the public ones unless something else is asked for', () => {
    expect(filterFor(me, ask())).toEqual({ visibility: 'public' });
    expect(filterFor(me, ask({ creator: 'other' }))).toEqual({ visibility: 'public', creatorId: 'other' });
    expect(filterFor(admin, ask())).toEqual({ visibility: 'public' });
  });

  it('holds every visibility of my own characters', () => {
    expect(filterFor(me, ask({ creator: 'ME' }))).toEqual({ creatorId: 'me', ownedBy: 'me' });
  });

  it.each(['unlisted', 'private'] as const)('never holds %s characters of somebody else', (visibility) => {
    expect(filterFor(me, ask({ visibility }))).toEqual({ visibility, ownedBy: 'me' });
    expect(filterFor(me, ask({ visibility, creator: 'other' }))).toEqual({
      visibility,
      creatorId: 'other',
      ownedBy: 'me',
    });
  });

  it('lets administrators list what they may see anyway', () => {
    expect(filterFor(admin, ask({ visibility: 'private' }))).toEqual({ visibility: 'private' });
    expect(filterFor(admin, ask({ creator: 'other' }))).toEqual({ creatorId: 'other' });
  });

  it('takes tags as they are kept', () => {
    expect(filterFor(me, ask({ tag: ' Sci-Fi ' })).tag).toBe('sci-fi');
  });
});

describe('a list is cached', () => {
  it('when it is public and one of few', () => {
    expect(cachedListOf(filterFor(me, ask()), 'popular')).toEqual({ sort: 'popular' });
    expect(cachedListOf(filterFor(me, ask({ tag: 'Sea' })), 'name')).toEqual({ sort: 'name', tag: 'sea' });
  });

  it.each([
    ['holds my own characters', me, { creator: 'me' }],
    ['holds private characters', me, { visibility: 'private' as const }],
    ['holds private characters of everybody', admin, { visibility: 'private' as const }],
    ['is a search', me, { q: 'light' }],
    ['is one of as many as there are users', me, { creator: 'other' }],
  ])('not when it %s', (_when, actor, query) => {
    expect(cachedListOf(filterFor(actor, ask(query)), 'popular')).toBeUndefined();
  });
});
