import sharp from 'sharp';
import { readCard } from '../../../../src/characters/cards/read-card.js';
import { GALLERY_LIMITS } from '../../../../src/characters/gallery/gallery.limits.js';
import type { Actor } from '../../../../src/platform/actor/actor.js';
import { charx } from '../../../support/cards/card-archives.js';
import { dataV3, v2, v3 } from '../../../support/cards/card-documents.js';
import { cardChunk, png } from '../../../support/cards/card-images.js';
import { startCharacters, type CharactersApp } from '../characters-app.js';

interface Imported {
  character: { id: string; name: string; visibility: string; tags: string[]; systemPrompt: string };
  source: object;
  repairs: object[];
  warnings: { code: string; detail: string }[];
  code?: string;
  errors?: object[];
}

describe('cards over HTTP', () => {
  let app: CharactersApp;
  let maker: Actor;

  beforeAll(async () => {
    app = await startCharacters();
    maker = await app.user();
  });
  afterAll(() => app.close());

  const inject = (
    actor: Actor,
    method: 'GET' | 'POST',
    path: string,
    headers: object = {},
    payload?: Buffer,
  ) =>
    app.app.inject({
      method,
      url: `/api/characters${path}`,
      headers: { authorization: `Bearer ${actor.id} ${actor.role}`, ...headers },
      payload,
    });

  const send = async (type: string, payload: Buffer, { headers = {}, query = '' } = {}) => {
    const answer = await inject(
      maker,
      'POST',
      `/imports${query}`,
      { 'content-type': type, ...headers },
      payload,
    );
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Imported>() };
  };

  const form = async (file: Buffer, type: string, name: string, fields: Record<string, string> = {}) => {
    const data = new FormData();
    for (const [field, value] of Object.entries(fields)) data.append(field, value);
    data.append('file', new Blob([new Uint8Array(file)], { type }), name);
    const request = new Response(data);
    return send(request.headers.get('content-type') ?? '', Buffer.from(await request.arrayBuffer()));
  };

  const exported = (id: string, query = '', headers: object = {}, actor = maker) =>
    inject(actor, 'GET', `/${id}/export${query}`, headers);

  const json = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
  const picture = (background: string): Promise<Buffer> =>
    sharp({ create: { width: 8, height: 12, channels: 3, background } })
      .png()
      .toBuffer();

  it.each([
    ['application/json', json(v3()), { format: 'json', spec: 'v3' }],
    ['application/json; charset=utf-8', json(v2()), { format: 'json', spec: 'v2' }],
    ['image/png', png([cardChunk('chara', v2())]), { format: 'png', spec: 'v2', chunk: 'chara' }],
    ['application/zip', charx(v3()), { format: 'charx', spec: 'v3' }],
    ['application/octet-stream', charx(v3()), { format: 'charx', spec: 'v3' }],
  ])('a body of %s becomes a private character', async (type, bytes, source) => {
    const { status, headers, body } = await send(type, bytes);
    expect(status).toBe(201);
    expect(headers).toMatchObject({ location: `/api/characters/${body.character.id}`, etag: '"1"' });
    expect(body).toMatchObject({ source, repairs: [], warnings: [] });
    expect(body.character).toMatchObject({
      name: 'Maren',
      visibility: 'private',
      tags: ['sea', 'slow burn'],
      systemPrompt: dataV3.system_prompt,
    });
    const { body: found } = await app.send(maker, 'GET', `/characters/${body.character.id}`);
    expect(found).toMatchObject({ name: 'Maren', characterVersion: '2.1' });
  });

  it('so does the file of a form, with the visibility that stands beside it', async () => {
    const file = json({ ...v2(), data: { ...v2().data, name: '' } });
    const { status, body } = await form(file, 'application/json', 'Old Maren.json', {
      visibility: 'unlisted',
    });
    expect(status).toBe(201);
    expect(body.character).toMatchObject({ name: 'Old Maren', visibility: 'unlisted' });
    expect(body.repairs).toEqual([{ pointer: '#/data/name', code: 'name-from-file' }]);
  });

  it('JSON with a byte order mark, larger than other bodies may be', async () => {
    const long = { ...v2(), padding: 'x'.repeat(1_500_000) };
    const { status, body } = await send('application/json', Buffer.from(`\uFEFF${JSON.stringify(long)}`));
    expect({ status, repairs: body.repairs }).toEqual({
      status: 201,
      repairs: [{ pointer: '#', code: 'byte-order-mark' }],
    });
  });

  it('once, however often it is sent with one key', async () => {
    const headers = { 'idempotency-key': '7d1f0c5e' };
    const bytes = png([cardChunk('chara', v2())]);
    const [first, second] = [
      await send('image/png', bytes, { headers }),
      await send('image/png', bytes, { headers }),
    ];
    expect(second.body.character.id).toBe(first.body.character.id);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect((await send('image/png', png(), { headers })).status).toBe(422);
  });

  it.each([
    ['no card', 'application/json', json({ hello: 1 }), 400, 'card-invalid'],
    ['no JSON', 'application/json', Buffer.from('{'), 400, 'card-invalid'],
    ['no image', 'image/png', Buffer.from('{"name":'), 400, 'card-invalid'],
    ['an image without a card', 'image/png', png(), 400, 'card-invalid'],
    ['text', 'text/plain', json(v2()), 415, 'unsupported-media-type'],
    ['a picture of another kind', 'image/webp', json(v2()), 415, 'unsupported-media-type'],
    [
      'more than 20 MiB of an archive',
      'application/zip',
      Buffer.alloc(21 * 1_048_576),
      413,
      'payload-too-large',
    ],
    ['more than 20 MiB of JSON', 'application/json', Buffer.alloc(21 * 1_048_576), 413, 'payload-too-large'],
  ])('%s is refused', async (_what, type, bytes, status, code) => {
    const answer = await send(type, bytes);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    if (code === 'card-invalid') expect(answer.body.errors).toHaveLength(1);
  });

  it('a fault is named where it is', async () => {
    const { body } = await send('application/json', json(v2({ ...v2().data, name: 'x'.repeat(121) })));
    expect(body.errors).toEqual([
      { pointer: '#/data/name', code: 'too-long', detail: 'It has 121 characters; 120 are allowed.' },
    ]);
  });

  it.each(['?format=json&spec=v2', '?format=json', '?format=png', '?format=png&spec=v2', '?format=charx'])(
    'export%s gives back what was imported',
    async (query) => {
      const { body } = await send('application/json', json(v3(dataV3, { fav: true })));
      const answer = await exported(body.character.id, query);
      expect(answer.statusCode).toBe(200);
      const { card } = await readCard(answer.rawPayload);
      expect(card).toEqual({ data: dataV3, envelope: { fav: true } });
    },
  );

  it('pictures come back with it: the image, and those of an archive', async () => {
    const [face, joy, sea] = await Promise.all([picture('red'), picture('blue'), picture('green')]);
    const assets = [
      { type: 'icon', uri: 'embeded://icons/face.png', name: 'main', ext: 'png' },
      { type: 'emotion', uri: 'embeded://joy.png', name: 'joy', ext: 'png' },
      { type: 'x_sound', uri: 'embeded://hum.ogg', name: 'hum', ext: 'ogg' },
    ];
    const files = {
      'icons/face.png': face,
      'joy.png': joy,
      'hum.ogg': Buffer.from('OggS'),
      'notes.txt': Buffer.from('a'),
    };
    const { body } = await send('application/zip', charx(v3({ ...dataV3, assets }), files));
    expect(body.warnings.map(({ code }) => code)).toEqual(['picture-left-out', 'picture-left-out']);
    const { id } = body.character;
    await inject(
      maker,
      'POST',
      `/${id}/gallery?type=background&name=sea`,
      { 'content-type': 'image/png' },
      sea,
    );

    const archive = await readCard((await exported(id, '?format=charx')).rawPayload);
    expect(archive.image?.equals(face)).toBe(true);
    expect(
      archive.files.map(({ path, bytes }) => [path, [face, joy, sea].findIndex((one) => one.equals(bytes))]),
    ).toEqual([
      ['assets/background/images/gallery-1.png', 2],
      ['icons/face.png', 0],
      ['joy.png', 1],
    ]);
    expect(archive.card.data.assets).toEqual([
      ...assets,
      {
        type: 'background',
        uri: 'embeded://assets/background/images/gallery-1.png',
        name: 'sea',
        ext: 'png',
      },
    ]);

    const image = await readCard((await exported(id, '?format=png')).rawPayload);
    expect(image.image?.equals(face)).toBe(true);
    expect(image.files).toHaveLength(3);
  });

  it('the image that a card came in is the icon of the character, and the image of its export', async () => {
    const face = await picture('red');
    const withCard = Buffer.concat([face.subarray(0, -12), cardChunk('chara', v2()), face.subarray(-12)]);
    const { body } = await send('image/png', withCard);
    const { body: gallery } = await app.send<{ items: object[] }>(
      maker,
      'GET',
      `/characters/${body.character.id}/gallery`,
    );
    expect(gallery.items).toMatchObject([{ type: 'icon', name: 'main', width: 8, height: 12 }]);
    const { image, card } = await readCard(
      (await exported(body.character.id, '?format=png&spec=v2')).rawPayload,
    );
    expect(image?.equals(face)).toBe(true);
    expect(card.data.assets).toBeUndefined();
  });

  it('a picture that is a card itself, or says where it was taken, tells nobody', async () => {
    const [face, place] = await Promise.all([
      picture('red'),
      sharp(await picture('blue'))
        .withExif({ IFD0: { Copyright: 'a secret place' } })
        .jpeg()
        .toBuffer(),
    ]);
    const icon = Buffer.concat([face.subarray(0, -12), cardChunk('chara', v2()), face.subarray(-12)]);
    const assets = [
      { type: 'icon', uri: 'embeded://face.png', name: 'main', ext: 'png' },
      { type: 'background', uri: 'embeded://place.jpg', name: 'place', ext: 'jpg' },
    ];
    const files = { 'face.png': icon, 'place.jpg': place };
    const { body } = await send('application/zip', charx(v3({ ...dataV3, assets }), files), {
      query: '?visibility=public',
    });
    const { body: gallery } = await app.send<{ items: { url: string }[] }>(
      maker,
      'GET',
      `/characters/${body.character.id}/gallery`,
    );
    const stranger = await app.user();
    const [shown, taken] = await Promise.all(
      gallery.items.map(({ url }) => inject(stranger, 'GET', url.replace('/api/characters', ''))),
    );
    expect(shown!.rawPayload.equals(face)).toBe(true);
    expect([place, taken!.rawPayload].map((bytes) => bytes.includes('a secret place'))).toEqual([
      true,
      false,
    ]);
  });

  it('pictures beyond what a gallery holds are left out together', async () => {
    const face = await picture('red');
    const assets = Array.from({ length: GALLERY_LIMITS.assets + 50 }, (_, n) => ({
      type: 'emotion',
      uri: 'embeded://face.png',
      name: `mood ${n}`,
      ext: 'png',
    }));
    const { body } = await send('application/zip', charx(v3({ ...dataV3, assets }), { 'face.png': face }));
    expect(body.warnings).toEqual([
      {
        code: 'picture-left-out',
        detail: expect.stringMatching(/^Left out 50 pictures: A gallery holds/),
      },
    ]);
  });

  it('an icon of another kind becomes a PNG', async () => {
    const { body } = await send('application/json', json(v2()));
    const jpeg = await sharp(await picture('red'))
      .jpeg()
      .toBuffer();
    await inject(
      maker,
      'POST',
      `/${body.character.id}/gallery?type=icon`,
      { 'content-type': 'image/jpeg' },
      jpeg,
    );
    const answer = await exported(body.character.id, '?format=png');
    expect(await sharp(answer.rawPayload).metadata()).toMatchObject({ format: 'png', width: 8, height: 12 });
  });

  it('a download has a name, a type and a tag', async () => {
    const { body } = await send('application/json', json(v2({ ...v2().data, name: 'Zoë "Z" 海' })));
    const answer = await exported(body.character.id, '?format=png');
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': `attachment; filename="Zoe _Z_ _.png"; filename*=UTF-8''Zo%C3%AB%20_Z_%20%E6%B5%B7.png`,
    });
    const again = await exported(body.character.id, '?format=png', { 'if-none-match': answer.headers.etag });
    expect(again.statusCode).toBe(304);
  });

  it.each([
    ['', '*/*', 200, 'application/json; charset=utf-8'],
    ['', 'image/png', 200, 'image/png'],
    ['', 'application/zip, application/json;q=0.5', 200, 'application/zip'],
    ['?format=png', 'application/json', 406, 'application/problem+json'],
    ['?format=charx&spec=v2', '*/*', 406, 'application/problem+json'],
    ['', 'text/html', 406, 'application/problem+json'],
    ['?format=exe', '*/*', 400, 'application/problem+json'],
    ['?spec=v1', '*/*', 400, 'application/problem+json'],
  ])('export%s for Accept: %s is %i', async (query, accept, status, type) => {
    const { body } = await send('application/json', json(v2()));
    const answer = await exported(body.character.id, query, { accept });
    expect({ status: answer.statusCode, type: answer.headers['content-type'] }).toEqual({
      status,
      type: expect.stringContaining(type.split(';')[0] ?? '') as string,
    });
  });

  it('is for its creator and administrators; a private character is not there for others', async () => {
    const [other, admin] = [await app.user(), await app.user('admin')];
    const hidden = (await send('application/json', json(v2()))).body.character.id;
    const open = (await send('application/json', json(v2()), { query: '?visibility=public' })).body.character
      .id;
    const status = async (id: string, actor: Actor) => (await exported(id, '', {}, actor)).statusCode;
    expect(await status(hidden, other)).toBe(404);
    expect(await status(open, other)).toBe(403);
    expect([await status(hidden, admin), await status(open, admin)]).toEqual([200, 200]);
  });
});
