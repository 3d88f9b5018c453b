import type {
  CharacterPersonality,
  CharacterPromptResponse,
} from '../../../src/characters/character-parts.dto.js';
import type { Lorebook } from '../../../src/characters/cards/card.types.js';
import type { CharacterResponse } from '../../../src/characters/characters.dto.js';
import { CharactersService } from '../../../src/characters/characters.service.js';
import { CharacterTopic } from '../../../src/characters/character.topic.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { startCharacters, type CharactersApp } from './characters-app.js';

let service: CharactersApp;
let ada: Actor;
let bob: Actor;
let admin: Actor;

beforeAll(async () => {
  service = await startCharacters();
  [ada, bob, admin] = await Promise.all([service.user(), service.user(), service.user('admin')]);
});
afterAll(() => service.close());

const create = async (body: object = {}): Promise<CharacterResponse> =>
  (await service.send<CharacterResponse>(ada, 'POST', '/characters', { body: { name: 'Ines', ...body } }))
    .body;

const BOOK: Lorebook = {
  extensions: {},
  entries: [
    { keys: ['sea'], content: 'Cold.', extensions: {}, enabled: true, insertion_order: 1, use_regex: false },
  ],
};

/** The parts that have a version of their own, with a body each. */
const PARTS = [
  { part: 'prompt', body: { system: 'Be brief.', greeting: 'Hello.' }, required: true, readers: 403 },
  {
    part: 'personality',
    body: { traits: [{ name: 'patient', weight: 0.9 }], tone: 'dry', style: 'short' },
    required: true,
    readers: 200,
  },
  { part: 'lorebook', body: BOOK, required: false, readers: 403 },
];

describe.each(PARTS)('the $part of a character', ({ part, body, required, readers }) => {
  const path = (id: string): string => `/characters/${id}/${part}`;

  it('is read back as it was written, under its own version', async () => {
    const { id } = await create();
    const before = await service.send(ada, 'GET', path(id));
    expect(before).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    const written = await service.send(ada, 'PUT', path(id), { body, headers: { 'if-match': '"1"' } });
    expect(written).toMatchObject({ status: 200, headers: { etag: '"2"' }, body });
    const after = await service.send(ada, 'GET', path(id));
    expect(after).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: written.body });
    const known = await service.send(ada, 'GET', path(id), { headers: { 'if-none-match': '"2"' } });
    expect([known.status, known.body]).toEqual([304, undefined]);
    // The character has a new version, too: replies are told apart by it.
    expect((await service.send(ada, 'GET', `/characters/${id}`)).headers['etag']).toBe('"2"');
  });

  it('is not written over a version that the writer has not seen', async () => {
    const { id } = await create();
    const put = (ifMatch?: string): Promise<{ status: number }> =>
      service.send(ada, 'PUT', path(id), { body, headers: ifMatch ? { 'if-match': ifMatch } : {} });
    expect((await put('"7"')).status).toBe(412);
    expect((await put('W/"1"')).status).toBe(412);
    expect((await put()).status).toBe(required ? 428 : 200);
    expect((await put('*')).status).toBe(200);
    const outcomes = await Promise.all([
      put('"9"'),
      put(`"${required ? 2 : 3}"`),
      put(`"${required ? 2 : 3}"`),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
  });

  it('has a version that changes of other parts leave alone', async () => {
    const { id } = await create();
    for (const other of PARTS.filter((candidate) => candidate.part !== part)) {
      await service.send(ada, 'PUT', `/characters/${id}/${other.part}`, {
        body: other.body,
        headers: { 'if-match': '*' },
      });
    }
    await service.send(ada, 'PATCH', `/characters/${id}`, { body: { description: 'New' } });
    expect((await service.send(ada, 'GET', path(id))).headers['etag']).toBe('"1"');
  });

  it("is somebody else's only to read, if that", async () => {
    const headers = { 'if-match': '*' };
    const shown = await create({ visibility: 'public' });
    expect((await service.send(bob, 'GET', path(shown.id))).status).toBe(readers);
    expect((await service.send(bob, 'PUT', path(shown.id), { body, headers })).status).toBe(403);
    const hidden = await create({ visibility: 'private' });
    expect((await service.send(bob, 'GET', path(hidden.id))).status).toBe(404);
    expect((await service.send(bob, 'PUT', path(hidden.id), { body, headers })).status).toBe(404);
    expect((await service.send(admin, 'PUT', path(hidden.id), { body, headers })).status).toBe(200);
    expect((await service.send(undefined, 'GET', path(shown.id))).status).toBe(401);
  });
});

describe('bad input', () => {
  it.each([
    ['prompt', { system: 5 }, '#/system'],
    ['prompt', { greeting: 'a'.repeat(8_001) }, '#/greeting'],
    ['prompt', { version: 3 }, '#/version'],
    ['personality', { traits: [{ name: 'calm', weight: 1.1 }] }, '#/traits/0/weight'],
    ['personality', { traits: [{ name: '', weight: 1 }] }, '#/traits/0/name'],
    ['personality', { traits: [{ name: 'a', weight: 1, more: 1 }] }, '#/traits/0/more'],
    ['personality', { traits: 'calm' }, '#/traits'],
    ['personality', { tone: 'a\0b' }, '#/tone'],
    ['lorebook', [], '#'],
    ['lorebook', { entries: [{ keys: ['a'], content: 'x'.repeat(50_001) }] }, '#/entries/0'],
    ['lorebook', { entries: Array(2_001).fill({ keys: ['a'], content: 'b' }) }, '#/entries'],
  ])('for the %s is refused where it is wrong: %#', async (part, body, pointer) => {
    const { id } = await create();
    const answer = await service.send<{ code: string; errors: { pointer: string }[] }>(
      ada,
      'PUT',
      `/characters/${id}/${part}`,
      { body, headers: { 'if-match': '*' } },
    );
    expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed']);
    expect(answer.body.errors.some((error) => error.pointer.startsWith(pointer))).toBe(true);
  });

  it.each([
    [{ extensions: [] }, '#/extensions'],
    [{ extensions: { a: 'x'.repeat(70_000) } }, '#/extensions'],
    [{ extensions: { a: ['\ud83c'] } }, '#/extensions'],
    [{ creatorNotesMultilingual: { 'not a language': 'x' } }, '#/creatorNotesMultilingual'],
    [{ creatorNotesMultilingual: { de: 5 } }, '#/creatorNotesMultilingual'],
    [{ nickname: 'n'.repeat(121) }, '#/nickname'],
    [{ source: ['s'.repeat(1_001)] }, '#/source'],
  ])('in the details of a card is refused: %#', async (body, pointer) => {
    const { id } = await create();
    const answer = await service.send<{ errors: { pointer: string }[] }>(ada, 'PATCH', `/characters/${id}`, {
      body,
    });
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0]?.pointer).toBe(pointer);
  });
});

describe('the details of a card', () => {
  const details = {
    nickname: 'Captain',
    groupOnlyGreetings: ['All of you!'],
    creatorNotesMultilingual: { de: 'Langsam.' },
    source: ['https://example.org/ines'],
    author: 'somebody',
    characterVersion: '1.2',
    extensions: { 'example.org/depth': { prompt: 'x', depth: 4 } },
  };

  it('are fields like others: written, read, merged and reset', async () => {
    const { id, ...created } = await create(details);
    expect(created).toMatchObject(details);
    const { body: merged } = await service.send<CharacterResponse>(ada, 'PATCH', `/characters/${id}`, {
      body: {
        nickname: null,
        extensions: { 'example.org/depth': { depth: 5 }, mine: true },
        creatorNotesMultilingual: { fr: 'Lente.' },
      },
    });
    expect(merged).toMatchObject({ nickname: '', author: 'somebody', source: details.source });
    expect(merged.extensions).toEqual({ 'example.org/depth': { prompt: 'x', depth: 5 }, mine: true });
    expect(merged.creatorNotesMultilingual).toEqual({ de: 'Langsam.', fr: 'Lente.' });
    const { body: replaced } = await service.send<CharacterResponse>(ada, 'PUT', `/characters/${id}`, {
      body: { name: 'Ines', extensions: { only: null } },
    });
    expect(replaced).toMatchObject({ author: '', source: [], extensions: { only: null } });
  });

  it('leave what a card says beside them untouched', async () => {
    const characters = service.app.get(CharactersService);
    const rest = {
      data: {
        tags: ['Sea', 'SEA'],
        creator: 'x',
        character_version: '',
        extensions: {},
        group_only_greetings: [],
        creation_date: 5,
        unheard_of: [{ two: 2 }],
      },
      envelope: { fav: true },
    };
    const { visibility: _visibility, ...content } = (await characters.create(ada, {
      name: 'A',
      tags: ['sea'],
    })) as never as Record<string, never>;
    const { id } = await characters.createFromCard(ada, { content: content as never, lorebook: BOOK, rest });
    await characters.change(ada, id, { nickname: 'N', author: 'y' });
    const card = await characters.getCard(ada, id);
    expect(card.rest).toEqual({
      envelope: rest.envelope,
      data: { ...rest.data, nickname: 'N', creator: 'y' },
    });
    expect(card.lorebook).toEqual(BOOK);
    await expect(characters.getCard(bob, id)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('sparse fields', () => {
  it('are those that were asked for, and the id', async () => {
    const { id } = await create({ visibility: 'public', tags: ['sparse'] });
    const { body } = await service.send<{ items: object[] }>(
      ada,
      'GET',
      '/characters?tag=sparse&fields=name,tags',
    );
    expect(body.items).toEqual([{ id, name: 'Ines', tags: ['sparse'] }]);
  });

  it('that do not exist are refused', async () => {
    const answer = await service.send(ada, 'GET', '/characters?fields=name,systemPrompt');
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation-failed' } });
  });
});

describe('who follows a character', () => {
  it('is told of every change after it can be read, and of the end', async () => {
    const { id } = await create({ visibility: 'public' });
    await service.send(ada, 'PATCH', `/characters/${id}`, { body: { name: 'Two' } });
    await service.send(ada, 'PUT', `/characters/${id}/lorebook`, { body: BOOK });
    await service.send(ada, 'DELETE', `/characters/${id}`);
    const { events } = await service.app.get(EventLog).read(`character:${id}`, { after: 0 });
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['character:updated', { characterId: id, version: 2 }],
      ['character:updated', { characterId: id, version: 3 }],
      ['character:deleted', { characterId: id }],
    ]);
  });

  it('may see it', async () => {
    const topic = service.app.get(CharacterTopic);
    const hidden = await create({ visibility: 'private' });
    const unlisted = await create({ visibility: 'unlisted' });
    expect(await topic.authorize(bob, hidden.id)).toBeUndefined();
    expect(await topic.authorize(ada, hidden.id)).toMatchObject({ id: hidden.id });
    expect(await topic.authorize(bob, unlisted.id)).toMatchObject({ id: unlisted.id });
  });
});

it('prompts and personalities say their version in the body', async () => {
  const { id } = await create();
  const headers = { 'if-match': '*' };
  const prompt = await service.send<CharacterPromptResponse>(ada, 'PUT', `/characters/${id}/prompt`, {
    body: { system: 'x' },
    headers,
  });
  expect(prompt.body).toMatchObject({ version: 2, system: 'x', greeting: '' });
  const personality = await service.send<CharacterPersonality>(ada, 'PUT', `/characters/${id}/personality`, {
    body: {},
    headers,
  });
  expect(personality.body).toEqual({ version: 2, traits: [], tone: '', style: '' });
});
