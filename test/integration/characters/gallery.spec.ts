import sharp, { type Sharp } from 'sharp';
import type { CharacterResponse } from '../../../src/characters/characters.dto.js';
import type { Asset, AssetPage } from '../../../src/characters/gallery/gallery.dto.js';
import { GALLERY_LIMITS } from '../../../src/characters/gallery/gallery.limits.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { BlobStore } from '../../../src/platform/blobs/blob-store.js';
import { RateLimiters } from '../../../src/platform/rate-limit/rate-limiters.js';
import { newId } from '../../../src/platform/ids/ids.js';
import type { Problem } from '../../../src/platform/http/problem.js';
import { startCharacters, type CharactersApp } from './characters-app.js';

let service: CharactersApp;
let ada: Actor;
let bob: Actor;
let png: Buffer;

const picture = (width = 30, height = 20, background = 'red'): Sharp =>
  sharp({ create: { width, height, channels: 3, background } });

beforeAll(async () => {
  service = await startCharacters();
  [ada, bob] = await Promise.all([service.user(), service.user()]);
  png = await picture().png().toBuffer();
});
afterAll(() => service.close());

const create = async (visibility = 'public'): Promise<string> =>
  (await service.send<CharacterResponse>(ada, 'POST', '/characters', { body: { name: 'Ines', visibility } }))
    .body.id;

interface Upload {
  content?: Buffer;
  mediaType?: string;
  query?: string;
  actor?: Actor;
  headers?: Record<string, string>;
}

const upload = async (id: string, { content = png, mediaType = 'image/png', ...given }: Upload = {}) => {
  const { actor = ada, query = '', headers = {} } = given;
  const answer = await service.app.inject({
    method: 'POST',
    url: `/api/characters/${id}/gallery${query}`,
    payload: content,
    headers: { authorization: `Bearer ${actor.id} user`, 'content-type': mediaType, ...headers },
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Asset & Problem>() };
};

const read = (url: string, actor: Actor | null = ada, headers: Record<string, string> = {}) =>
  service.app.inject({
    method: 'GET',
    url,
    headers: { ...(actor && { authorization: `Bearer ${actor.id} user` }), ...headers },
  });

const list = async (id: string, query = ''): Promise<AssetPage> =>
  (await service.send<AssetPage>(ada, 'GET', `/characters/${id}/gallery${query}`)).body;

describe('a picture', () => {
  it('is told with what it is, and served as it came, and asked for again each time', async () => {
    const id = await create();
    const { status, headers, body } = await upload(id, { query: '?type=icon&name=main' });
    expect(status).toBe(201);
    expect(headers['location']).toBe(body.url);
    expect(body).toMatchObject({
      type: 'icon',
      name: 'main',
      ext: 'png',
      mediaType: 'image/png',
      width: 30,
      height: 20,
      size: png.length,
    });
    const served = await read(body.url);
    expect(served.rawPayload.equals(png)).toBe(true);
    expect(served.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      etag: expect.stringMatching(/^"[\da-f]{64}"$/),
    });
    const known = await read(body.url, ada, { 'if-none-match': String(served.headers.etag) });
    expect([known.statusCode, known.body]).toEqual([304, '']);
  });

  it('may come as the file of a form, with its fields beside it', async () => {
    const id = await create();
    const form = new FormData();
    form.append('type', 'emotion');
    form.append('name', 'joy');
    form.append('file', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'joy.png');
    const request = new Request('http://localhost', { method: 'POST', body: form });
    const { status, body } = await upload(id, {
      content: Buffer.from(await request.arrayBuffer()),
      mediaType: request.headers.get('content-type')!,
    });
    expect([status, body.type, body.name]).toEqual([201, 'emotion', 'joy']);
    expect((await read(body.url)).rawPayload.equals(png)).toBe(true);
  });

  it.each(['png', 'jpeg', 'webp', 'avif'] as const)(
    '(%s) tells nobody where it was taken',
    async (format) => {
      const content = await picture()
        .withExif({
          IFD0: { Copyright: 'a secret place' },
          IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
        })
        .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">a secret place</x:xmpmeta>')
        .toFormat(format)
        .toBuffer();
      const { body } = await upload(await create(), { content, mediaType: `image/${format}` });
      const served = (await read(body.url)).rawPayload;
      expect([content.includes('a secret place'), served.includes('a secret place')]).toEqual([true, false]);
      const { exif, xmp } = await sharp(served).metadata();
      expect({ exif, xmp }).toEqual({});
      expect(await sharp(served).raw().toBuffer()).toEqual(await sharp(content).raw().toBuffer());
      expect(body.size).toBe(served.length);
    },
  );

  it.each(['jpeg', 'webp', 'gif', 'avif'] as const)('may be %s', async (format) => {
    const content = await picture().toFormat(format).toBuffer();
    const { status, body } = await upload(await create(), { content, mediaType: `image/${format}` });
    expect([status, body.mediaType, body.width, body.height]).toEqual([201, `image/${format}`, 30, 20]);
  });

  it('may move', async () => {
    const frames = await Promise.all(['red', 'blue'].map((color) => picture(9, 7, color).png().toBuffer()));
    const content = await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
    const { status, body } = await upload(await create(), { content, mediaType: 'image/webp' });
    expect([status, body.width, body.height]).toEqual([201, 9, 7]);
  });

  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  const half = (content: Buffer): Buffer => content.subarray(0, content.length * 0.7);

  it.each<[string, () => Upload | Promise<Upload>, number, string]>([
    [
      'drawn by a script',
      () => ({ content: svg, mediaType: 'image/svg+xml' }),
      415,
      'unsupported-media-type',
    ],
    ['that is none', () => ({ content: svg }), 400, 'image-invalid'],
    ['of another kind than it says', () => ({ mediaType: 'image/jpeg' }), 415, 'unsupported-media-type'],
    [
      'that is JSON',
      () => ({ content: Buffer.from('{}'), mediaType: 'application/json' }),
      415,
      'unsupported-media-type',
    ],
    ['without bytes', () => ({ content: Buffer.alloc(0) }), 400, 'validation-failed'],
    [
      'that ends in the middle',
      async () => ({
        content: half(
          await sharp({
            create: {
              width: 300,
              height: 300,
              channels: 3,
              background: 'red',
              noise: { type: 'gaussian', mean: 128, sigma: 30 },
            },
          })
            .png()
            .toBuffer(),
        ),
      }),
      400,
      'image-invalid',
    ],
    [
      'that moves as AVIF, whose frames nothing here decodes',
      async () => ({
        content: Buffer.concat([
          await picture().avif().toBuffer(),
          Buffer.from('\0\0\0\u0008moov', 'latin1'),
        ]),
        mediaType: 'image/avif',
      }),
      400,
      'image-invalid',
    ],
    ['too large', () => ({ content: Buffer.alloc(GALLERY_LIMITS.bytes + 1) }), 413, 'payload-too-large'],
    [
      'with too many pixels',
      async () => ({ content: await picture(9_000, 10).png().toBuffer() }),
      400,
      'image-invalid',
    ],
    ['for nothing', () => ({ query: '?type=sticker' }), 400, 'validation-failed'],
    ['with a name of two lines', () => ({ query: '?name=a%0Ab' }), 400, 'validation-failed'],
    ['in a broken form', () => ({ mediaType: 'multipart/form-data; boundary=x' }), 400, 'validation-failed'],
  ])('%s is refused', async (_what, make, status, code) => {
    const id = await create();
    const answer = await upload(id, await make());
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await list(id)).items).toEqual([]);
  });

  it('that is sent again with the same key is the same one, and with other bytes none', async () => {
    const id = await create();
    const headers = { 'idempotency-key': newId() };
    const first = await upload(id, { headers });
    const again = await upload(id, { headers });
    expect(again.body.assetId).toBe(first.body.assetId);
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = await upload(id, { headers, content: await picture(5, 5).png().toBuffer() });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect((await list(id)).items).toHaveLength(1);
  });
});

describe('a gallery', () => {
  it('is in the order of adding, in pages, by type', async () => {
    const id = await create();
    const ids: string[] = [];
    for (const type of ['icon', 'emotion', 'icon', 'background', 'icon']) {
      ids.push((await upload(id, { query: `?type=${type}` })).body.assetId);
    }
    expect((await list(id)).items.map(({ assetId }) => assetId)).toEqual(ids);
    const first = await list(id, '?limit=2');
    expect(first.items.map(({ assetId }) => assetId)).toEqual(ids.slice(0, 2));
    const second = await list(id, `?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ assetId }) => assetId)).toEqual(ids.slice(2, 4));
    const back = await list(id, `?limit=2&cursor=${second.prevCursor}`);
    expect(back).toEqual(first);
    const last = await list(id, `?limit=2&cursor=${second.nextCursor}`);
    expect([last.items.length, last.nextCursor]).toEqual([1, null]);
    const icons = await list(id, '?type=icon&order=desc');
    expect(icons.items.map(({ assetId }) => assetId)).toEqual([ids[4], ids[2], ids[0]]);
    const foreign = await service.send(
      ada,
      'GET',
      `/characters/${id}/gallery?type=icon&cursor=${first.nextCursor}`,
    );
    expect(foreign).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
  });

  it("is somebody else's to see and not to change, and hidden with its character", async () => {
    const id = await create();
    const { body: asset } = await upload(id);
    expect((await service.send(bob, 'GET', `/characters/${id}/gallery`)).status).toBe(200);
    expect((await upload(id, { actor: bob })).status).toBe(403);
    expect((await service.send(bob, 'DELETE', `/characters/${id}/gallery/${asset.assetId}`)).status).toBe(
      403,
    );
    const seen = await read(asset.url, bob);
    expect([seen.statusCode, seen.headers['cache-control']]).toEqual([200, 'private, no-cache']);
    expect((await read(asset.url, null)).statusCode).toBe(401);
    await service.send(ada, 'PATCH', `/characters/${id}`, { body: { visibility: 'private' } });
    expect((await service.send(bob, 'GET', `/characters/${id}/gallery`)).status).toBe(404);
    expect((await upload(id, { actor: bob })).status).toBe(404);
    // Nor do those who have it find out that it is still there.
    const again = await read(asset.url, bob, { 'if-none-match': String(seen.headers.etag) });
    expect(again.statusCode).toBe(404);
    expect((await read(asset.url)).statusCode).toBe(200);
  });

  it('has no pictures of another one', async () => {
    const { body: asset } = await upload(await create());
    const other = await create();
    const url = asset.url.replace(/characters\/[^/]+/, `characters/${other}`);
    expect((await read(url)).statusCode).toBe(404);
    expect((await service.send(ada, 'DELETE', `/characters/${other}/gallery/${asset.assetId}`)).status).toBe(
      404,
    );
    expect((await read(asset.url)).statusCode).toBe(200);
  });

  it('takes no more pictures than it has room for, however many come at once', async () => {
    const id = await create();
    const { body: asset } = await upload(id);
    await service.database.manager.query(
      `INSERT INTO character_assets SELECT gen_random_uuid(), character_id, type, name, ext, media_type, sha256, size, width, height
       FROM character_assets, generate_series(1, $2) WHERE id = $1`,
      [asset.assetId, GALLERY_LIMITS.assets - 2],
    );
    const answers = await Promise.all([upload(id), upload(id), upload(id)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('gallery-full');
    // Nothing is decoded for it any more.
    const broken = await upload(id, { content: png.subarray(0, 60) });
    expect([broken.status, broken.body.code]).toEqual([409, 'gallery-full']);
  });
});

it('nobody has pictures decoded without end', async () => {
  const actor = await service.user();
  const { body } = await service.send<CharacterResponse>(actor, 'POST', '/characters', {
    body: { name: 'Ann' },
  });
  const limiter = service.app.get(RateLimiters).create({
    name: 'pictures',
    points: GALLERY_LIMITS.addedPerHour,
    windowMs: 3_600_000,
    what: 'pictures',
  });
  for (let left = GALLERY_LIMITS.addedPerHour; left > 1; left -= 1) await limiter.consume(actor.id);
  expect((await upload(body.id, { actor })).status).toBe(201);
  const refused = await upload(body.id, { actor });
  expect([refused.status, refused.body.code]).toEqual([429, 'rate-limited']);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});

describe('bytes', () => {
  const stored = async (): Promise<number> =>
    (await service.database.manager.query<[{ n: number }]>('SELECT count(*)::int AS n FROM blobs'))[0].n;

  it('are stored once, and go when no picture is made of them any more', async () => {
    const blobs = service.app.get(BlobStore);
    const content = await picture(11, 13).png().toBuffer();
    const ids = await Promise.all([create(), create()]);
    const before = await stored();
    const [one, two] = await Promise.all(ids.map((id) => upload(id, { content })));
    expect(await stored()).toBe(before + 1);
    const age = (): Promise<unknown> =>
      service.database.manager.query(`UPDATE blobs SET touched_at = now() - interval '2 hours'`);
    await service.send(ada, 'DELETE', `/characters/${ids[0]}/gallery/${one!.body.assetId}`);
    await age();
    await blobs.sweep();
    expect((await read(two!.body.url)).rawPayload.equals(content)).toBe(true);
    await service.send(ada, 'DELETE', `/characters/${ids[1]}/gallery/${two!.body.assetId}`);
    expect(await blobs.sweep()).toBeGreaterThan(0);
    expect(await stored()).toBeLessThanOrEqual(before);
    // Nor do they go while somebody is about to refer to them.
    await upload(ids[0], { content });
    expect(await blobs.sweep()).toBe(0);
  });
});
