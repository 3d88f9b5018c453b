import type { CharacterPage, CharacterResponse } from '../../../src/characters/characters.dto.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { newId } from '../../../src/platform/ids/ids.js';
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

const create = async (actor: Actor, body: object = {}): Promise<CharacterResponse> =>
  (await service.send<CharacterResponse>(actor, 'POST', '/characters', { body: { name: 'Ines', ...body } }))
    .body;

const list = async (actor: Actor, query: string): Promise<CharacterPage> =>
  (await service.send<CharacterPage>(actor, 'GET', `/characters?${query}`)).body;

describe('creating a character', () => {
  it('answers where it is and which version it has', async () => {
    const { status, headers, body } = await service.send<CharacterResponse>(ada, 'POST', '/characters', {
      body: { name: '  Ines ', tags: ['Sea', 'sea '], systemPrompt: 'Be brief.' },
    });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ location: `/api/characters/${body.id}`, etag: '"1"' });
    expect(body).toMatchObject({
      name: 'Ines',
      creatorId: ada.id,
      tags: ['sea'],
      visibility: 'private',
      systemPrompt: 'Be brief.',
      description: '',
      version: 1,
    });
    const { body: read } = await service.send(ada, 'GET', `/characters/${body.id}`);
    expect(read).toEqual(body);
  });

  it('happens once when it is repeated with the same key', async () => {
    const headers = { 'idempotency-key': newId() };
    const body = { name: 'Once', visibility: 'private' };
    const first = await service.send<CharacterResponse>(bob, 'POST', '/characters', { body, headers });
    const second = await service.send<CharacterResponse>(bob, 'POST', '/characters', { body, headers });
    expect(second.body).toEqual(first.body);
    expect(second.headers).toMatchObject({
      'idempotency-replayed': 'true',
      location: first.headers['location'],
    });
  });

  it.each([
    ['without a name', {}, '#/name'],
    ['with a blank name', { name: '   ' }, '#/name'],
    ['with a name of two lines', { name: 'a\nb' }, '#/name'],
    ['with a name too long', { name: 'n'.repeat(121) }, '#/name'],
    ['with an unknown field', { name: 'A', creatorId: newId() }, '#/creatorId'],
    ['with a NUL, which no database text can hold', { name: 'A', description: 'a\0b' }, '#/description'],
    ['with half a surrogate pair', { name: 'A', alternateGreetings: ['\ud83c'] }, '#/alternateGreetings'],
    [
      'with too many greetings',
      { name: 'A', alternateGreetings: Array(33).fill('hi') },
      '#/alternateGreetings',
    ],
    ['with a tag too long', { name: 'A', tags: ['t'.repeat(41)] }, '#/tags'],
    ['with tags that are no texts', { name: 'A', tags: [1] }, '#/tags'],
    ['with a visibility that does not exist', { name: 'A', visibility: 'secret' }, '#/visibility'],
  ])('is refused %s', async (_what, body, pointer) => {
    const answer = await service.send<{ errors: { pointer: string }[] }>(ada, 'POST', '/characters', {
      body,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation-failed' } });
    expect(answer.body.errors.map((error) => error.pointer)).toContain(pointer);
  });
});

describe('who may do what', () => {
  const writes = [
    ['PUT', { body: { name: 'Mine' } }],
    ['PATCH', { body: { name: 'Mine' } }],
    ['DELETE', {}],
  ] as const;

  it("another user's private character does not exist, whatever one tries", async () => {
    const { id } = await create(ada, { visibility: 'private' });
    expect((await service.send(bob, 'GET', `/characters/${id}`)).status).toBe(404);
    expect((await service.send(bob, 'GET', `/characters/${id}/prompt`)).status).toBe(404);
    for (const [method, options] of writes) {
      expect((await service.send(bob, method, `/characters/${id}`, options)).status).toBe(404);
    }
  });

  it.each(['public', 'unlisted'])(
    "another user's %s character can be seen but not changed",
    async (visibility) => {
      const { id } = await create(ada, {
        visibility,
        systemPrompt: 'Secret.',
        postHistoryInstructions: 'Secret.',
      });
      const { status, body } = await service.send(bob, 'GET', `/characters/${id}`);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain('Secret');
      expect((await service.send(bob, 'GET', `/characters/${id}/prompt`)).status).toBe(403);
      for (const [method, options] of writes) {
        expect((await service.send(bob, method, `/characters/${id}`, options)).status).toBe(403);
      }
      expect((await service.send(ada, 'GET', `/characters/${id}`)).body).toMatchObject({
        version: 1,
        name: 'Ines',
      });
    },
  );

  it('an administrator sees and changes every character, which stays its creator’s', async () => {
    const { id } = await create(ada, { visibility: 'private', systemPrompt: 'Secret.' });
    expect((await service.send(admin, 'GET', `/characters/${id}`)).body).toMatchObject({
      systemPrompt: 'Secret.',
    });
    const { status, body } = await service.send(admin, 'PATCH', `/characters/${id}`, {
      body: { name: 'Other' },
    });
    expect({ status, body }).toMatchObject({ status: 200, body: { name: 'Other', creatorId: ada.id } });
  });

  it('nobody is anybody without a token', async () => {
    expect((await service.send(undefined, 'GET', '/characters')).status).toBe(401);
  });

  it('something that is no id is not found', async () => {
    expect((await service.send(ada, 'GET', '/characters/ines')).status).toBe(404);
  });
});

describe('changing a character', () => {
  it('merges a patch: absent stays, null becomes the default', async () => {
    const { id, ...before } = await create(ada, { description: 'Old', scenario: 'Storm', tags: ['sea'] });
    const { body, headers } = await service.send<CharacterResponse>(ada, 'PATCH', `/characters/${id}`, {
      body: { description: 'New', tags: null },
    });
    expect(headers['etag']).toBe('"2"');
    expect(body).toEqual({
      ...before,
      id,
      description: 'New',
      tags: [],
      version: 2,
      updatedAt: body.updatedAt,
    });
  });

  it('replaces everything with PUT', async () => {
    const { id } = await create(ada, { description: 'Old', visibility: 'public' });
    const { body } = await service.send(ada, 'PUT', `/characters/${id}`, { body: { name: 'New' } });
    expect(body).toMatchObject({ name: 'New', description: '', visibility: 'private', version: 2 });
  });

  it('does not take the name away', async () => {
    const { id } = await create(ada);
    expect((await service.send(ada, 'PATCH', `/characters/${id}`, { body: { name: null } })).status).toBe(
      400,
    );
  });

  it.each(['PUT', 'PATCH', 'DELETE'] as const)(
    '%s is refused once the version has moved on',
    async (method) => {
      const { id } = await create(ada);
      const body = method === 'DELETE' ? undefined : { name: 'Second' };
      await service.send(ada, 'PATCH', `/characters/${id}`, { body: { name: 'First' } });
      const late = await service.send(ada, method, `/characters/${id}`, {
        body,
        headers: { 'if-match': '"1"' },
      });
      expect(late).toMatchObject({ status: 412, body: { code: 'precondition-failed' } });
      const timely = await service.send(ada, method, `/characters/${id}`, {
        body,
        headers: { 'if-match': '"2"' },
      });
      expect(timely.status).toBe(method === 'DELETE' ? 204 : 200);
    },
  );

  it('is done by exactly one of two who read the same version', async () => {
    const { id } = await create(ada);
    const answers = await Promise.all(
      ['One', 'Two', 'Three'].map((name) =>
        service.send(ada, 'PATCH', `/characters/${id}`, { body: { name }, headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412]);
  });

  it('loses no field when different ones are changed at the same time', async () => {
    const { id } = await create(ada);
    const fields = ['description', 'personality', 'scenario', 'creatorNotes'];
    await Promise.all(
      fields.map((field) => service.send(ada, 'PATCH', `/characters/${id}`, { body: { [field]: field } })),
    );
    const { body } = await service.send(ada, 'GET', `/characters/${id}`);
    expect(body).toMatchObject({ ...Object.fromEntries(fields.map((field) => [field, field])), version: 5 });
  });

  it('deletes it for everybody', async () => {
    const { id } = await create(ada, { visibility: 'public' });
    expect((await service.send(ada, 'DELETE', `/characters/${id}`)).status).toBe(204);
    for (const actor of [ada, bob, admin]) {
      expect((await service.send(actor, 'GET', `/characters/${id}`)).status).toBe(404);
    }
    expect((await service.send(ada, 'DELETE', `/characters/${id}`)).status).toBe(404);
  });
});

describe('reading a character', () => {
  it('answers 304 to whoever has the version', async () => {
    const { id } = await create(ada);
    for (const path of [`/characters/${id}`, `/characters/${id}/prompt`]) {
      const { status, headers, body } = await service.send(ada, 'GET', path, {
        headers: { 'if-none-match': '"1"' },
      });
      expect({ status, body, etag: headers['etag'] }).toEqual({ status: 304, body: undefined, etag: '"1"' });
    }
  });

  it('gives its creator the parts of the prompt', async () => {
    const { id } = await create(ada, {
      systemPrompt: 'Be brief.',
      postHistoryInstructions: 'Stay calm.',
      firstMessage: 'Hello.',
      alternateGreetings: ['Hi.'],
      exampleDialogue: '<START>',
    });
    expect((await service.send(ada, 'GET', `/characters/${id}/prompt`)).body).toEqual({
      version: 1,
      system: 'Be brief.',
      postHistory: 'Stay calm.',
      greeting: 'Hello.',
      alternateGreetings: ['Hi.'],
      exampleDialogue: '<START>',
      tokenCounts: { system: 3, postHistory: 3, greeting: 2, alternateGreetings: [1], exampleDialogue: 2 },
    });
  });
});

describe('the list', () => {
  const idsOf = (page: CharacterPage): string[] => page.items.map(({ id }) => id);

  it('holds what is public; unlisted and private only for their creator', async () => {
    const cleo = await service.user();
    const [shown, unlisted, hidden] = await Promise.all(
      ['public', 'unlisted', 'private'].map((visibility) => create(cleo, { visibility })),
    );
    const all = [shown!.id, unlisted!.id, hidden!.id].toSorted();
    expect(idsOf(await list(bob, `creator=${cleo.id}`))).toEqual([shown!.id]);
    expect(idsOf(await list(cleo, `creator=${cleo.id.toUpperCase()}`)).toSorted()).toEqual(all);
    expect(idsOf(await list(cleo, 'visibility=private'))).toEqual([hidden!.id]);
    expect(idsOf(await list(bob, `visibility=private&creator=${cleo.id}`))).toEqual([]);
    expect(idsOf(await list(bob, `visibility=unlisted&creator=${cleo.id}`))).toEqual([]);
    expect(idsOf(await list(admin, `visibility=private&creator=${cleo.id}`))).toEqual([hidden!.id]);
  });

  it("refuses a cursor of somebody else's list", async () => {
    const dora = await service.user();
    await create(dora);
    await create(dora);
    const { nextCursor } = await list(dora, 'visibility=private&limit=1');
    const path = `/characters?visibility=private&limit=1&cursor=${nextCursor}`;
    expect(await service.send(bob, 'GET', path)).toMatchObject({
      status: 400,
      body: { code: 'invalid-cursor' },
    });
    expect((await service.send(dora, 'GET', path)).status).toBe(200);
  });

  it('continues from a page that came out of the cache', async () => {
    await Promise.all(
      Array.from({ length: 27 }, (_, at) =>
        create(ada, { name: `P${at}`, visibility: 'public', tags: ['many'] }),
      ),
    );
    await list(bob, 'tag=many&sort=name');
    const first = await list(bob, 'tag=many&sort=name');
    const second = await list(bob, `tag=many&sort=name&cursor=${first.nextCursor}`);
    expect(first.items).toHaveLength(25);
    expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(27);
    expect(second.nextCursor).toBeNull();
  });

  it.each(['sort=best', 'limit=0', 'creator=ada', 'visibility=secret', 'unknown=1', 'q=a&q=b', 'q=%00'])(
    'refuses ?%s',
    async (query) => {
      const { status, body } = await service.send(ada, 'GET', `/characters?${query}`);
      expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'validation-failed' });
    },
  );
});
