import { Controller, Get, Inject, Res, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import {
  CacheResponse,
  defineCache,
  type CachedResponse,
  type HttpRequest,
} from '../../../libs/cache/src/index.js';
import { PLATFORMS, startCachedApp, type CachedApp, type PassthroughResponse } from './http-app.js';

const cacheOf = (name: string) =>
  defineCache<[id: string], CachedResponse>({ name, key: (id) => [id], ttl: '1h' });
const privatePage = cacheOf('private');
const publicPage = cacheOf('public');
const languagePage = cacheOf('language');
const honestPage = cacheOf('honest');
const deafPage = cacheOf('deaf');
const id = (request: HttpRequest<{ id: string }>): [string] => [request.params.id];

/** What the handlers of one test answer. */
class Script {
  calls = 0;
  answer: (response: PassthroughResponse) => unknown = () => ({ made: this.calls });

  run(response: PassthroughResponse): unknown {
    this.calls++;
    return this.answer(response);
  }
}

@Controller()
class PagesController {
  constructor(@Inject(Script) private readonly script: Script) {}

  @Get('private/:id')
  @CacheResponse(privatePage, id)
  private(@Res({ passthrough: true }) response: PassthroughResponse): unknown {
    return this.script.run(response);
  }

  @CacheResponse(publicPage, {
    key: id,
    public: true,
    maxAge: '1m',
    sharedMaxAge: '10m',
    staleWhileRevalidate: '30s',
    headers: ['X-Total-Count'],
    maxBytes: 10_000,
  })
  @Get('public/:id')
  public(@Res({ passthrough: true }) response: PassthroughResponse): unknown {
    return this.script.run(response);
  }

  @Get('language/:id')
  @CacheResponse(languagePage, { key: id, public: true, vary: ['Accept-Language'] })
  language(@Res({ passthrough: true }) response: PassthroughResponse): unknown {
    return this.script.run(response);
  }

  @Get('honest/:id')
  @CacheResponse(honestPage, { key: id, public: true, requestDirectives: 'all' })
  honest(@Res({ passthrough: true }) response: PassthroughResponse): unknown {
    return this.script.run(response);
  }

  @Get('deaf/:id')
  @CacheResponse(deafPage, { key: id, public: true, requestDirectives: 'ignore' })
  deaf(@Res({ passthrough: true }) response: PassthroughResponse): unknown {
    return this.script.run(response);
  }
}

type Route = 'private' | 'public' | 'language' | 'honest' | 'deaf';
type Headers = Record<string, string>;
const saying =
  (headers: Headers, status = 200, body: unknown = { ok: true }) =>
  (response: PassthroughResponse): unknown => {
    for (const [name, value] of Object.entries(headers)) response.header(name, value);
    response.status(status);
    return body;
  };

/** Whether the second of two equal requests is answered from what the first one left. */
const STORED: [
  what: string,
  route: Route,
  request: Headers,
  answer: ReturnType<typeof saying>,
  stored: boolean,
][] = [
  ['a 200', 'public', {}, saying({}), true],
  ['a 203', 'public', {}, saying({}, 203), true],
  ['a 204', 'public', {}, saying({}, 204, undefined), true],
  ['a 300', 'public', {}, saying({}, 300), true],
  ['a 301', 'public', {}, saying({ location: '/there' }, 301), true],
  ['a 308', 'public', {}, saying({ location: '/there' }, 308), true],
  ['a 200 without content', 'public', {}, saying({}, 200, undefined), true],
  ['a 201', 'public', {}, saying({}, 201), false],
  ['a 206', 'public', {}, saying({}, 206), false],
  ['a 302', 'public', {}, saying({ location: '/there' }, 302), false],
  ['a 404 that the handler returns', 'public', {}, saying({}, 404), false],
  ['a 410 that the handler returns', 'public', {}, saying({}, 410), false],
  ['a 500 that the handler returns', 'public', {}, saying({}, 500), false],
  ['with Set-Cookie', 'public', {}, saying({ 'set-cookie': 'a=1' }), false],
  ['with Set-Cookie, for one principal', 'private', {}, saying({ 'set-cookie': 'a=1' }), false],
  ['with no-store', 'private', {}, saying({ 'cache-control': 'no-store' }), false],
  ['with no-cache', 'private', {}, saying({ 'cache-control': 'max-age=60, no-cache' }), false],
  [
    'with private, on a public route',
    'public',
    {},
    saying({ 'cache-control': 'private, max-age=60' }),
    false,
  ],
  [
    'with private, on a private route',
    'private',
    {},
    saying({ 'cache-control': 'private, max-age=60' }),
    true,
  ],
  ['with a max-age of its own', 'public', {}, saying({ 'cache-control': 'public, max-age=5' }), true],
  ['with Vary: *', 'public', {}, saying({ vary: '*' }), false],
  ['with a Vary that the key does not know', 'public', {}, saying({ vary: 'accept-language' }), false],
  ['with a Vary that the key knows', 'language', {}, saying({ vary: 'Accept-Language' }), true],
  ['with Vary: Authorization, for one principal', 'private', {}, saying({ vary: 'Authorization' }), true],
  ['with Vary: Authorization, for everybody', 'public', {}, saying({ vary: 'Authorization' }), false],
  ['larger than maxBytes', 'public', {}, saying({}, 200, 'x'.repeat(10_001)), false],
  ['a stream', 'public', {}, () => new StreamableFile(Readable.from(['a', 'b'])), false],
  [
    'to a request with Authorization of nobody',
    'private',
    { authorization: 'Bearer nobody' },
    saying({}),
    false,
  ],
  ['to a request with a cookie of nobody', 'private', { cookie: 'session=1' }, saying({}), false],
  ['to a request with an API key of nobody', 'private', { 'x-api-key': 'k' }, saying({}), false],
  ['to a request of somebody', 'private', { authorization: 'Bearer ada' }, saying({}), true],
  ['to an anonymous request', 'private', {}, saying({}), true],
  [
    'to any request, on a public route',
    'public',
    { authorization: 'Bearer nobody', cookie: 'a=1' },
    saying({}),
    true,
  ],
  ['to no-store', 'public', { 'cache-control': 'no-store' }, saying({}), false],
  ['to no-store, where requests are not heard', 'deaf', { 'cache-control': 'no-store' }, saying({}), true],
  ['to no-cache', 'public', { 'cache-control': 'no-cache' }, saying({}), true],
  ['to no-cache, where requests are heard', 'honest', { 'cache-control': 'no-cache' }, saying({}), false],
];

/** What the second of two requests is answered, the first one being a plain GET without headers. */
const ANSWERED: [
  what: string,
  route: Route,
  request: { method?: string } & Headers,
  answer: ReturnType<typeof saying>,
  status: number,
  headers: Record<string, unknown>,
][] = [
  [
    'private, to be asked for each time',
    'private',
    {},
    saying({}),
    200,
    {
      'cache-control': 'private, max-age=0, must-revalidate',
      age: '0',
      vary: 'authorization, cookie',
      etag: expect.stringMatching(/^"[\w-]{27}"$/),
      'content-type': 'application/json; charset=utf-8',
      'cache-status': 'private; hit; ttl=3600; detail=l1',
    },
  ],
  [
    'public, with the lifetimes of the route',
    'public',
    {},
    saying({}),
    200,
    { 'cache-control': 'public, max-age=60, s-maxage=600, stale-while-revalidate=30', vary: undefined },
  ],
  [
    'with the Cache-Control and the ETag of the handler',
    'public',
    {},
    saying({ 'cache-control': 'public, max-age=5', etag: '"7"' }),
    200,
    { 'cache-control': 'public, max-age=5', etag: '"7"' },
  ],
  [
    'with the headers that describe the content, and those that were asked for',
    'public',
    {},
    saying({ 'content-language': 'en', 'x-total-count': '3', 'x-request-id': '1' }),
    200,
    { 'content-language': 'en', 'x-total-count': '3', 'x-request-id': undefined },
  ],
  ['with its Location', 'public', {}, saying({ location: '/there' }, 301), 301, { location: '/there' }],
  [
    'as it was, without content',
    'public',
    {},
    saying({}, 204, undefined),
    204,
    { 'content-type': undefined },
  ],
  [
    'to HEAD, without content',
    'public',
    { method: 'HEAD' },
    saying({}),
    200,
    { 'content-length': '11', age: '0' },
  ],
  [
    '304 to the same tag',
    'public',
    { 'if-none-match': '"7"' },
    saying({ etag: '"7"' }),
    304,
    { etag: '"7"' },
  ],
  ['304 to the same tag, weak', 'public', { 'if-none-match': 'W/"7"' }, saying({ etag: '"7"' }), 304, {}],
  [
    '304 to a weak tag of the handler',
    'public',
    { 'if-none-match': '"7"' },
    saying({ etag: 'W/"7"' }),
    304,
    {},
  ],
  [
    '304 to a list with the tag',
    'public',
    { 'if-none-match': '"a,b", W/"7" ,"c"' },
    saying({ etag: '"7"' }),
    304,
    {},
  ],
  ['304 to *', 'public', { 'if-none-match': '*' }, saying({}), 304, {}],
  [
    '304 to HEAD',
    'public',
    { method: 'HEAD', 'if-none-match': '*' },
    saying({}),
    304,
    { 'content-length': undefined },
  ],
  ['200 to another tag', 'public', { 'if-none-match': '"8"' }, saying({ etag: '"7"' }), 200, {}],
  [
    '200 to a tag inside another one',
    'public',
    { 'if-none-match': '"a", "x7"' },
    saying({ etag: '"7"' }),
    200,
    {},
  ],
  [
    '304 with what the copy needs to be used again, and nothing of the content',
    'language',
    { 'if-none-match': '*' },
    saying({ 'content-location': '/de' }),
    304,
    {
      'cache-control': 'public, max-age=0, must-revalidate',
      vary: 'accept-language',
      etag: expect.any(String),
      date: expect.any(String),
      'content-location': '/de',
      age: '0',
      'content-type': undefined,
    },
  ],
  [
    '304 when it was not modified since',
    'public',
    { 'if-modified-since': 'Sat, 02 Jan 2021 00:00:00 GMT' },
    saying({ 'last-modified': 'Fri, 01 Jan 2021 00:00:00 GMT' }),
    304,
    {},
  ],
  [
    '200 when the tag differs, whatever the date says',
    'public',
    { 'if-none-match': '"8"', 'if-modified-since': 'Sat, 02 Jan 2021 00:00:00 GMT' },
    saying({ 'last-modified': 'Fri, 01 Jan 2021 00:00:00 GMT' }),
    200,
    {},
  ],
  [
    'by the cache to only-if-cached',
    'honest',
    { 'cache-control': 'only-if-cached' },
    saying({}),
    200,
    { age: '0' },
  ],
  [
    'by the cache to a max-age that it meets',
    'honest',
    { 'cache-control': 'max-age=60' },
    saying({}),
    200,
    { 'cache-status': 'honest; hit; ttl=3600; detail=l1' },
  ],
  [
    'by the handler to a max-age that nothing meets',
    'honest',
    { 'cache-control': 'max-age=0' },
    saying({}),
    200,
    { 'cache-status': 'honest; fwd=bypass', age: undefined },
  ],
];

describe.each(PLATFORMS)('RFC 9110, 9111 and 9211 on %s', (platform) => {
  let service: CachedApp;
  let script: Script;
  let page = 0;
  const nextPath = (route: Route): string => `/${route}/${++page}`;

  beforeAll(async () => {
    script = new Script();
    service = await startCachedApp(platform, {
      controllers: [PagesController],
      providers: [{ provide: Script, useValue: script }],
    });
  });

  beforeEach(() => {
    script.calls = 0;
    script.answer = () => ({ ok: true });
  });

  afterAll(() => service.close());

  it.each(STORED)('stored: %s', async (_what, route, headers, answer, stored) => {
    script.answer = answer;
    const path = nextPath(route);
    const first = await service.get(path, headers);
    const second = await service.get(path, headers);
    expect({ calls: script.calls, text: second.text }).toEqual({ calls: stored ? 1 : 2, text: first.text });
    expect(second.status).toBe(first.status);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    if (stored) expect(second.headers['set-cookie']).toBeUndefined();
  });

  it.each(ANSWERED)(
    'answered: %s',
    async (_what, route, { method = 'GET', ...request }, answer, status, headers) => {
      script.answer = answer;
      const path = nextPath(route);
      const first = await service.get(path);
      const second = await service.send(method, path, request);
      expect(second.status).toBe(status);
      for (const [name, value] of Object.entries(headers)) {
        expect({ [name]: second.headers[name] }).toEqual({ [name]: value });
      }
      expect(second.text).toBe(status === 304 || method === 'HEAD' ? '' : first.text);
    },
  );

  it.each(ANSWERED.filter(([, , , , status]) => status === 304))(
    'answered by the handler too: %s',
    async (_what, route, { method = 'GET', ...request }, answer) => {
      script.answer = answer;
      const reply = await service.send(method, nextPath(route), request);
      expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([304, '', undefined]);
    },
  );

  it('sends on a hit the headers and bytes of the miss', async () => {
    const path = nextPath('private');
    const { headers: miss, text } = await service.get(path);
    const hit = await service.get(path);
    const common = ({ date: _date, age: _age, 'cache-status': _status, ...rest }: typeof miss) => rest;
    expect(common(hit.headers)).toEqual(common(miss));
    expect(hit.text).toBe(text);
    expect(miss['cache-status']).toBe('private; fwd=miss');
  });

  it('says why a response was not stored', async () => {
    script.answer = saying({ 'set-cookie': 'a=1' });
    const { headers } = await service.get(nextPath('public'));
    expect(headers).toMatchObject({
      'cache-status': 'public; fwd=miss; detail=set-cookie',
      'cache-control': 'private, no-cache',
    });
  });

  it('fills the entry from HEAD, which runs the same handler', async () => {
    const path = nextPath('public');
    const head = await service.send('HEAD', path);
    const get = await service.get(path);
    expect([head.text, get.text, script.calls]).toEqual(['', '{"ok":true}', 1]);
    expect(head.headers['etag']).toBe(get.headers['etag']);
  });

  it('keeps one response a value of each header in vary, and one for none', async () => {
    const path = nextPath('language');
    for (const language of ['de', 'en', undefined, 'de', 'en', undefined]) {
      await service.get(path, language === undefined ? {} : { 'accept-language': language });
    }
    expect(script.calls).toBe(3);
  });

  it('answers only-if-cached with 504 when nothing is', async () => {
    const { status } = await service.get(nextPath('honest'), { 'cache-control': 'only-if-cached' });
    expect([status, script.calls]).toEqual([504, 0]);
  });

  it('leaves other methods alone', async () => {
    const { status } = await service.send('POST', nextPath('public'));
    expect([status, script.calls]).toEqual([404, 0]);
  });
});
