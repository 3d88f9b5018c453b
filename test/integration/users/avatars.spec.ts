import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import sharp from 'sharp';
import { startApi, tally, type ApiHarness } from '../auth/api-harness.js';

interface User {
  avatarUrl: string | null;
  version: number;
}

const picture = (width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: '#2266aa' } });

describe('avatars', () => {
  let api: ApiHarness;
  let base: string;
  beforeAll(async () => {
    api = await startApi();
    base = (await api.app.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterAll(() => api.close());

  const upload = async (
    token: string,
    body: Buffer | string,
    type = 'image/png',
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${base}/api/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': type, ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    return { status: response.status, body: (await response.json()) as User & { code: string } };
  };
  const show = (path: string | null, headers: Record<string, string> = {}) =>
    fetch(`${base}${path ?? '/api/avatars/none'}`, { headers });

  /** Sends the headers of an upload, and nothing of the picture. */
  const announce = (authorization?: string): ClientRequest => {
    const headers = { 'content-type': 'image/png', 'content-length': 5_000_000 };
    const request = httpRequest(`${base}/api/users/me/avatar`, {
      method: 'PUT',
      agent: false,
      headers: { ...headers, ...(authorization && { authorization }) },
    });
    request.on('error', () => {});
    request.flushHeaders();
    return request;
  };
  const answerTo = async (request: ClientRequest): Promise<IncomingMessage> => {
    const signal = AbortSignal.timeout(20_000);
    const [answer] = (await once(request, 'response', { signal })) as [IncomingMessage];
    return answer;
  };

  it('are squares of WebP in fixed sizes, without what the original knew about its maker', async () => {
    const { accessToken: token } = await api.register('painter');
    const original = await picture(300, 200)
      .withExif({ IFD0: { Copyright: 'SECRET-COPYRIGHT' }, IFD3: { GPSLatitude: '52/1 31/1 0/1' } })
      .jpeg()
      .toBuffer();
    expect(original.includes('SECRET-COPYRIGHT')).toBe(true);
    const { status, body } = await upload(token, original, 'image/jpeg');
    expect([status, body.version]).toEqual([200, 2]);
    expect(body.avatarUrl).toMatch(/^\/api\/avatars\/[\w-]{22}$/);
    for (const size of [64, 128, 256, 512]) {
      const bytes = Buffer.from(await (await show(`${body.avatarUrl}?size=${size}`)).arrayBuffer());
      const { format, width, height, exif } = await sharp(bytes).metadata();
      expect({ format, width, height, exif }).toEqual({ format: 'webp', width: size, height: size });
      expect(bytes.includes('SECRET-COPYRIGHT')).toBe(false);
    }
    expect((await show(`${body.avatarUrl}?size=100`)).status).toBe(400);
  });

  it('are shown to everybody who knows their address, which never means another picture', async () => {
    const { id, accessToken: token } = await api.register('shown');
    const first = (await upload(token, await picture().png().toBuffer())).body.avatarUrl;
    const answer = await show(first);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/webp');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=86400, immutable');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const etag = answer.headers.get('etag') ?? '';
    expect((await show(first, { 'if-none-match': etag })).status).toBe(304);
    expect((await show(first, { accept: 'application/json' })).status).toBe(406);

    const viewer = await api.register('viewer');
    const seen = async () =>
      (await api.call<User>('GET', `/users/${id}`, { token: viewer.accessToken })).body.avatarUrl;
    expect(await seen()).toBe(first);
    const second = (await upload(token, await picture(50, 50).webp().toBuffer(), 'image/webp')).body
      .avatarUrl;
    expect(second).not.toBe(first);
    expect(await seen()).toBe(second);
    expect([(await show(first)).status, (await show(second)).status]).toEqual([404, 200]);
    expect((await show(first)).headers.get('cache-control')).toBe('no-store');

    expect((await api.call('DELETE', '/users/me/avatar', { token })).status).toBe(204);
    expect([await seen(), (await show(second)).status]).toEqual([null, 404]);
  });

  it('may be given back as they are, but not taken from somebody else', async () => {
    const [owner, thief] = [await api.register('owner.x'), await api.register('thief.x')];
    const { avatarUrl } = (await upload(owner.accessToken, await picture().png().toBuffer())).body;
    const patch = (token: string, body: unknown) =>
      api.call<User & { errors: { pointer: string }[] }>('PATCH', '/users/me', { token, body });
    expect((await patch(owner.accessToken, { avatarUrl, bio: 'Hi' })).body.avatarUrl).toBe(avatarUrl);
    const stolen = await patch(thief.accessToken, { avatarUrl });
    expect([stolen.status, stolen.body.errors[0]?.pointer]).toEqual([400, '#/avatarUrl']);
    // Another picture takes the place of the uploaded one, which goes.
    expect((await patch(owner.accessToken, { avatarUrl: 'https://img.example/a.png' })).status).toBe(200);
    expect((await show(avatarUrl)).status).toBe(404);
  });

  it('are known by their content: whatever is no picture, broken or too large is refused', async () => {
    const { accessToken: token } = await api.register('forger');
    const png = await picture(800, 800).png({ compressionLevel: 0 }).toBuffer();
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>';
    const wide = await picture(8193, 1).png().toBuffer();
    // 40 bytes of header that promise 2 gigapixels.
    const bomb = Buffer.from(await picture(8, 8).png().toBuffer());
    bomb.writeUInt32BE(50_000, 16);
    bomb.writeUInt32BE(50_000, 20);
    const bad = [svg, '', 'GIF89a', png.subarray(0, 5_000), wide, bomb, '%PDF-1.4 hello'];
    for (const body of bad)
      expect([(await upload(token, body)).status, body.length]).toEqual([400, body.length]);
    expect((await upload(token, svg, 'image/svg+xml')).status).toBe(415);
    expect((await upload(token, '{}', 'application/json')).status).toBe(415);
    expect((await upload(token, png, 'application/zip')).status).toBe(415);
    expect((await upload(token, Buffer.alloc(5 * 1_048_576 + 1))).status).toBe(413);
    const me = await api.call<User>('GET', '/users/me', { token });
    expect(me.body).toMatchObject({ avatarUrl: null, version: 1 });
    // Its name is not what counts.
    expect((await upload(token, png, 'image/gif')).status).toBe(200);
  });

  it('change only the version that was read, and leave one picture when several come at once', async () => {
    const { id, accessToken: token } = await api.register('hasty');
    const png = await picture().png().toBuffer();
    const answers = await Promise.all(
      [1, 2, 3].map(() => upload(token, png, 'image/png', { 'if-match': '"1"' })),
    );
    expect(tally(answers)).toEqual({ 200: 1, 412: 2 });
    expect(tally(await Promise.all(Array.from({ length: 12 }, () => upload(token, png))))).toEqual({
      200: 12,
    });
    const rows = await api.database.manager.query<{ url: string; avatars: string }[]>(
      `SELECT u.avatar_url AS url, string_agg(DISTINCT a.token, ',') AS avatars
       FROM users u JOIN user_avatars a ON a.user_id = u.id WHERE u.id = $1 GROUP BY 1`,
      [id],
    );
    expect(rows).toEqual([{ url: `/api/avatars/${rows[0]?.avatars}`, avatars: rows[0]?.avatars }]);
    expect(
      (await api.call('DELETE', '/users/me/avatar', { token, headers: { 'if-match': '"1"' } })).status,
    ).toBe(412);
  });

  it.each([
    ['nobody', undefined],
    ['somebody with a token that is none', 'Bearer nonsense'],
  ])('are not read from %s: they are refused before the body has come', async (_who, authorization) => {
    const request = announce(authorization);
    const answer = await answerTo(request);
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
      401,
      authorization ? 'Bearer error="invalid_token"' : 'Bearer',
    ]);
    request.destroy();
  });

  it('are not read from one person many at once', async () => {
    const { accessToken: token } = await api.register('eager');
    const requests = [1, 2, 3, 4, 5].map(() => announce(`Bearer ${token}`));
    const answer = await Promise.race(requests.map(answerTo));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '1']);
    for (const request of requests) request.destroy();
  });

  it('are for people who are logged in, and bodies of bytes for routes that take them', async () => {
    const png = await picture().png().toBuffer();
    expect((await upload('nobody', png)).status).toBe(401);
    const { accessToken: token } = await api.register('sender');
    const wrong = await api.call('PATCH', '/users/me', {
      token,
      body: {},
      headers: { 'content-type': 'image/png' },
    });
    expect(wrong.status).toBe(415);
  });
});
