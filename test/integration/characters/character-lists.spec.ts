import type { Character } from '../../../src/characters/characters.types.js';
import { SORTS } from '../../../src/characters/characters.types.js';
import { CharacterEntity, CharacterHeadEntity } from '../../../src/characters/character.entity.js';
import { CharactersRepository } from '../../../src/characters/characters.repository.js';
import { contentOf, fromDraft, type CharacterDraft } from '../../../src/characters/characters.rules.js';
import { EMPTY_REST } from '../../../src/characters/cards/card-mapping.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { Cursors } from '../../../src/platform/pagination/cursors.js';
import { Pagination } from '../../../src/platform/pagination/pagination.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const START = Date.parse('2026-01-01T00:00:00Z');

describe.each(['embedded', 'postgres'] as const)('characters in the %s database', (mode) => {
  let db: TestDatabase;
  let characters: CharactersRepository;

  beforeAll(async () => {
    db = await createTestDatabase({ on: mode, entities: [CharacterEntity, CharacterHeadEntity] });
    const pagination = new Pagination(
      new Cursors({ secret: 'c2lnbnMgY3Vyc29ycyBpbiB0aGlzIHRlc3Qgb25seSE=' }),
    );
    characters = new CharactersRepository(db.database, pagination);
  });
  afterAll(() => db.close());
  beforeEach(() => db.database.manager.deleteAll(CharacterEntity));

  async function add(draft: CharacterDraft, rest: Partial<Character> = {}): Promise<string> {
    const at = new Date(START);
    const character = {
      ...contentOf(fromDraft({ visibility: 'public', ...draft })),
      ...{
        id: newId(),
        creatorId: null,
        card: EMPTY_REST,
        conversationCount: 0,
        createdAt: at,
        updatedAt: at,
      },
      ...rest,
    };
    await characters.insert([character]);
    return character.id;
  }

  const PUBLIC = { visibility: 'public' } as const;

  const namesOf = async (filter: Parameters<CharactersRepository['list']>[0]): Promise<string[]> =>
    (await characters.list(filter, 'name', { limit: 100 })).items.map(({ name }) => name);

  describe.each(SORTS)('the list by %s', (sort) => {
    /** Equal counts, times and names on purpose: only the id tells such characters apart. */
    const addMany = (count: number): Promise<string[]> =>
      Promise.all(
        Array.from({ length: count }, (_, at) =>
          add(
            { name: `Character ${at % 3}` },
            { conversationCount: at % 3, createdAt: new Date(START + (at % 3) * 1000) },
          ),
        ),
      );

    it('gives every character once, forth and back', async () => {
      const ids = await addMany(11);
      const forth: string[][] = [];
      let page = await characters.list(PUBLIC, sort, { limit: 4 });
      expect(page.prevCursor).toBeNull();
      for (;;) {
        forth.push(page.items.map(({ id }) => id));
        if (page.nextCursor === null) break;
        page = await characters.list(PUBLIC, sort, { limit: 4, cursor: page.nextCursor });
      }
      expect(forth.map((each) => each.length)).toEqual([4, 4, 3]);
      expect(forth.flat().toSorted()).toEqual(ids.toSorted());
      const before = await characters.list(PUBLIC, sort, { limit: 4, cursor: page.prevCursor! });
      expect(before.items.map(({ id }) => id)).toEqual(forth[1]);
    });

    it('neither repeats nor skips a character when others come and go between pages', async () => {
      await addMany(6);
      const first = await characters.list(PUBLIC, sort, { limit: 3 });
      const rest = await characters.list(PUBLIC, sort, { limit: 3, cursor: first.nextCursor! });
      const front = { conversationCount: 99, createdAt: new Date(START + 99_000) };
      const [last] = first.items.slice(-1);
      await add({ name: 'AAA' }, front);
      await characters.markDeleted(last!.id, new Date());
      const again = await characters.list(PUBLIC, sort, { limit: 3, cursor: first.nextCursor! });
      expect(again.items).toEqual(rest.items);
    });

    it('can be turned around', async () => {
      await addMany(7);
      const usual = await characters.list(PUBLIC, sort, { limit: 100 });
      const turned = await characters.list(PUBLIC, sort, {
        limit: 100,
        order: sort === 'name' ? 'desc' : 'asc',
      });
      expect(turned.items.map(({ id }) => id)).toEqual(usual.items.map(({ id }) => id).toReversed());
    });
  });

  describe('a list', () => {
    it('is ordered by what it says', async () => {
      await add({ name: 'beta' }, { conversationCount: 1, createdAt: new Date(START + 3) });
      await add({ name: 'Alpha' }, { conversationCount: 2, createdAt: new Date(START + 1) });
      await add({ name: 'Gamma' }, { conversationCount: 3, createdAt: new Date(START + 2) });
      const by = async (sort: (typeof SORTS)[number]) =>
        (await characters.list(PUBLIC, sort, { limit: 9 })).items.map(({ name }) => name);
      expect(await by('name')).toEqual(['Alpha', 'beta', 'Gamma']);
      expect(await by('popular')).toEqual(['Gamma', 'Alpha', 'beta']);
      expect(await by('recent')).toEqual(['beta', 'Gamma', 'Alpha']);
    });

    it('refuses a cursor of another order or filter', async () => {
      await add({ name: 'One' });
      await add({ name: 'Two' });
      const { nextCursor } = await characters.list(PUBLIC, 'name', { limit: 1 });
      const refused = expect.objectContaining({ code: 'invalid-cursor' });
      await expect(characters.list(PUBLIC, 'recent', { limit: 1, cursor: nextCursor! })).rejects.toEqual(
        refused,
      );
      await expect(characters.list({}, 'name', { limit: 1, cursor: nextCursor! })).rejects.toEqual(refused);
    });

    it('finds text in name and description in either case, and takes %, _ and \\ as they are', async () => {
      await add({ name: 'Lighthouse' });
      await add({ name: 'Keeper', description: 'Lives in a LIGHTHOUSE.' });
      await add({ name: '100% real_\\' });
      expect(await namesOf({ q: 'lightHOUSE' })).toEqual(['Keeper', 'Lighthouse']);
      expect(await namesOf({ q: '%' })).toEqual(['100% real_\\']);
      expect(await namesOf({ q: 'l_ghthouse' })).toEqual([]);
      expect(await namesOf({ q: 'real_\\' })).toEqual(['100% real_\\']);
    });

    it('holds the characters with the whole tag', async () => {
      await add({ name: 'One', tags: ['sea', 'cosy'] });
      await add({ name: 'Two', tags: ['seaside'] });
      expect(await namesOf({ tag: 'sea' })).toEqual(['One']);
    });

    it('shows the beginning of a long description and no prompt', async () => {
      await add({ name: 'One', description: 'word '.repeat(4000), systemPrompt: 'secret' });
      const [head] = (await characters.list(PUBLIC, 'name', { limit: 1 })).items;
      expect(head!.excerpt).toMatch(/^word .{150,200}…$/);
      expect(JSON.stringify(head)).not.toContain('secret');
      expect(Object.keys(head!).toSorted()).toEqual([
        'conversationCount',
        'createdAt',
        'creatorId',
        'excerpt',
        'id',
        'name',
        'tags',
        'updatedAt',
        'visibility',
      ]);
    });
  });

  describe('a character', () => {
    it('comes back as it was written', async () => {
      const id = await add({
        name: 'Zoë 🌊',
        alternateGreetings: ['Hi "you"', "it's {me}", ''],
        tags: ['a,b', '"quoted"', 'null', 'back\\slash'],
        exampleDialogue: '<START>\n{{user}}: hi',
      });
      const found = await characters.find(id);
      expect(found).toMatchObject({
        name: 'Zoë 🌊',
        alternateGreetings: ['Hi "you"', "it's {me}", ''],
        tags: ['a,b', '"quoted"', 'null', 'back\\slash'],
        exampleDialogue: '<START>\n{{user}}: hi',
        createdAt: new Date(START),
      });
      expect(found).not.toHaveProperty('deletedAt');
    });

    it('is not found once deleted, nor by something that is no id', async () => {
      const id = await add({ name: 'Gone' });
      await characters.markDeleted(id, new Date());
      expect(await characters.find(id)).toBeUndefined();
      expect(await characters.find("' OR 1=1")).toBeUndefined();
    });

    it('counts conversations that begin at the same time', async () => {
      const id = await add({ name: 'Busy' });
      await Promise.all(Array.from({ length: 20 }, () => characters.countConversation(id)));
      expect((await characters.find(id))?.conversationCount).toBe(20);
    });
  });
});
