import sharp from 'sharp';
import type { CharacterPage, CharacterResponse } from '../../../src/characters/characters.dto.js';
import { CharactersService } from '../../../src/characters/characters.service.js';
import { DEMO_CHARACTERS } from '../../../src/characters/demo-characters.data.js';
import { GalleryService } from '../../../src/characters/gallery/gallery.service.js';
import { CharacterStatsService } from '../../../src/characters/stats/character-stats.service.js';
import { DemoCharacters } from '../../../src/characters/demo-characters.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { testServers } from '../../support/test-servers.js';
import { startCharacters, type CharactersApp } from './characters-app.js';

// Every TTL is minutes or hours: what is seen here at once was dropped, it did not expire.
describe.each(['memory', 'redis'] as const)('characters cached in %s', (where) => {
  let service: CharactersApp;
  let characters: CharactersService;
  let ada: Actor;
  let bob: Actor;

  beforeAll(async () => {
    service = await startCharacters({
      redisUrl: where === 'redis' ? await testServers.redisUrl() : undefined,
    });
    characters = service.app.get(CharactersService);
    [ada, bob] = await Promise.all([service.user(), service.user()]);
  });
  afterAll(() => service.close());

  const create = (body: object = {}): Promise<{ id: string }> =>
    characters.create(ada, { name: 'Ines', visibility: 'public', ...body });

  const queriesOf = async (path: string): Promise<number> => {
    const { headers } = await service.send(ada, 'GET', path);
    return Number(/desc="(\d+) quer/.exec(headers['server-timing'] ?? '')?.[1]);
  };

  const parts = (id: string): string[] => [
    `/characters/${id}`,
    `/characters/${id}/prompt`,
    `/characters/${id}/personality`,
    `/characters/${id}/lorebook`,
    `/characters/${id}/gallery`,
    `/characters/${id}/stats`,
  ];

  const lists = (): string[] => [
    '/characters',
    '/characters?sort=recent',
    '/characters?sort=name',
    '/characters?tag=sea',
  ];

  const paths = (id: string): string[] => [...parts(id), ...lists()];

  const readAll = async (id: string): Promise<string[]> =>
    Promise.all(paths(id).map(async (path) => JSON.stringify((await service.send(ada, 'GET', path)).body)));

  it('a second read asks the database nothing', async () => {
    const { id } = await create({ tags: ['sea'] });
    for (const path of paths(id)) {
      // The personality is part of the record, which has just been read.
      if (!path.endsWith('personality')) expect(await queriesOf(path)).toBeGreaterThan(0);
      expect(await queriesOf(path)).toBe(0);
    }
  });

  it('a change is seen at once through every cached read', async () => {
    const { id } = await create({ tags: ['sea'], firstMessage: 'greeting before' });
    await readAll(id);
    await service.send(ada, 'PATCH', `/characters/${id}`, {
      body: { name: 'Changed', firstMessage: 'greeting after' },
    });
    const [record, prompt] = await readAll(id);
    expect(record).toContain('Changed');
    expect(prompt).toContain('greeting after');
    for (const each of (await readAll(id)).slice(parts(id).length)) expect(each).toContain('Changed');
  });

  it('a new prompt, personality or lorebook is read at once, each with the version of the character', async () => {
    const { id } = await create({ firstMessage: 'greeting before' });
    const headers = { 'if-match': '*' };
    const bodies: [part: string, body: object, text: string][] = [
      ['prompt', { greeting: 'greeting after' }, 'greeting after'],
      ['personality', { tone: 'tone after' }, 'tone after'],
      ['lorebook', { entries: [{ keys: ['a'], content: 'lore after' }] }, 'lore after'],
    ];
    for (const [index, [part, body, text]] of bodies.entries()) {
      await readAll(id);
      await service.send(ada, 'PUT', `/characters/${id}/${part}`, { body, headers });
      const { body: read } = await service.send(ada, 'GET', `/characters/${id}/${part}`);
      expect(JSON.stringify(read)).toContain(text);
      const record = await service.send(ada, 'GET', `/characters/${id}`);
      expect(record.headers['etag']).toBe(`"${index + 2}"`);
    }
    expect((await service.send(ada, 'GET', `/characters/${id}`)).body).toMatchObject({
      firstMessage: 'greeting after',
    });
  });

  it('a picture that is added or removed is in the gallery, or not, at once', async () => {
    const { id } = await create();
    const gallery = async (): Promise<unknown[]> =>
      (await service.send<{ items: unknown[] }>(ada, 'GET', `/characters/${id}/gallery`)).body.items;
    expect(await gallery()).toEqual([]);
    const content = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const pictures = service.app.get(GalleryService);
    const asset = await pictures.add(ada, id, { type: 'icon', name: 'main', content });
    expect(await gallery()).toMatchObject([{ assetId: asset.id }]);
    await pictures.remove(ada, id, asset.id);
    expect(await gallery()).toEqual([]);
  });

  it('statistics may be ten minutes old, unless the character was changed', async () => {
    const { id } = await create();
    const stats = service.app.get(CharacterStatsService);
    const messages = async (): Promise<number> =>
      (await service.send<{ messages: number }>(ada, 'GET', `/characters/${id}/stats`)).body.messages;
    expect(await messages()).toBe(0);
    await stats.record({ characterId: id, userId: ada.id, messages: 1 });
    expect(await messages()).toBe(0);
    await service.send(ada, 'PATCH', `/characters/${id}`, { body: { name: 'Changed' } });
    expect(await messages()).toBe(1);
  });

  it('a change is seen under either spelling of the id', async () => {
    const { id } = await create();
    await characters.find(id.toUpperCase());
    await characters.change(ada, id, { name: 'Changed' });
    expect(await characters.find(id.toUpperCase())).toMatchObject({ name: 'Changed' });
    await characters.change(ada, id.toUpperCase(), { name: 'Again' });
    expect(await characters.find(id)).toMatchObject({ name: 'Again' });
  });

  it('a character that becomes private leaves every list and every other reader at once', async () => {
    const { id } = await create({ tags: ['sea'] });
    await readAll(id);
    expect((await service.send(bob, 'GET', `/characters/${id}`)).status).toBe(200);
    await service.send(ada, 'PATCH', `/characters/${id}`, { body: { visibility: 'private' } });
    expect((await service.send(bob, 'GET', `/characters/${id}`)).status).toBe(404);
    for (const path of parts(id).slice(1)) {
      expect((await service.send(bob, 'GET', path)).status).toBe(404);
    }
    for (const path of lists()) {
      expect(JSON.stringify((await service.send(bob, 'GET', path)).body)).not.toContain(id);
    }
  });

  it('a deleted character is gone at once from every cached read', async () => {
    const { id } = await create({ tags: ['sea'] });
    await readAll(id);
    await service.send(ada, 'DELETE', `/characters/${id}`);
    const read = await readAll(id);
    for (const each of read.slice(0, parts(id).length)) expect(each).toContain('not-found');
    for (const each of read.slice(parts(id).length)) expect(each).not.toContain(id);
    await expect(characters.get(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('a new character is in the default list at once', async () => {
    await service.send(ada, 'GET', '/characters?sort=recent');
    const { body } = await service.send<CharacterResponse>(ada, 'POST', '/characters', {
      body: { name: 'New', visibility: 'public' },
    });
    const { body: page } = await service.send<CharacterPage>(bob, 'GET', '/characters?sort=recent');
    expect(page.items[0]?.id).toBe(body.id);
  });

  it('a character that was missing is found as soon as it exists', async () => {
    const { id } = await create({ visibility: 'private' });
    await characters.remove(ada, id);
    expect(await characters.find(id)).toBeUndefined();
    await service.database.manager.query('UPDATE characters SET deleted_at = NULL WHERE id = $1', [id]);
    expect(await characters.find(id)).toMatchObject({ id });
  });

  it('a change that is rolled back leaves no trace', async () => {
    const { id } = await create();
    const undone = service.database.transaction(async () => {
      await characters.change(ada, id, { name: 'Never' });
      await characters.find(id);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await characters.find(id)).toMatchObject({ name: 'Ines', version: 1 });
  });

  it('counting a conversation belongs to its transaction and drops no list', async () => {
    const { id } = await create();
    await service.send(ada, 'GET', '/characters');
    const undone = service.database.transaction(async () => {
      await characters.recordConversation(id);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await service.database.transaction(() => characters.recordConversation(id));
    expect(await queriesOf('/characters')).toBe(0);
    const { body } = await service.send<CharacterPage>(ada, 'GET', `/characters?creator=${ada.id}&limit=1`);
    expect(body.items).toMatchObject([{ id, conversationCount: 1 }]);
  });

  it('the demo characters come once, into an empty table, and are listed at once', async () => {
    const demo = service.app.get(DemoCharacters);
    expect(await demo.ensure(null)).toBe(0);
    await service.send(ada, 'GET', '/characters');
    await service.database.manager.query('DELETE FROM characters');
    const written = await Promise.all([demo.ensure(ada.id), demo.ensure(ada.id)]);
    expect(written[0] + written[1]).toBe(3);
    expect(await demo.ensure(ada.id)).toBe(0);
    const { body } = await service.send<CharacterPage>(bob, 'GET', '/characters');
    expect(body.items.map(({ name }) => name).toSorted()).toEqual(
      DEMO_CHARACTERS.map(({ name }) => name).toSorted(),
    );
  });
});
