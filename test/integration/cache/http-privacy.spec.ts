import { Controller, Get, Param, Req, Res, type LoggerService } from '@nestjs/common';
import {
  CacheEvict,
  CacheResponse,
  defineCache,
  type CachedResponse,
  type HttpRequest,
} from '../../../libs/cache/src/index.js';
import { PLATFORMS, startCachedApp, type CachedApp, type PassthroughResponse } from './http-app.js';

const cacheOf = (name: string) =>
  defineCache<[id: string], CachedResponse>({ name, key: (id) => [id], ttl: '1h' });
const accountPage = cacheOf('account');
const deskPage = cacheOf('desk');
const newsPage = cacheOf('news');

type Asked = HttpRequest<{ id: string }> & { readonly user?: { readonly id: string } };
const id = (request: Asked): [string] => [request.params.id];

let calls = 0;

@Controller()
class AccountController {
  @Get('account/:id')
  @CacheResponse(accountPage, id)
  account(@Req() request: Asked): object {
    return { seenBy: request.user?.id ?? 'anybody', call: ++calls };
  }

  @Get('desk/:id')
  @CacheResponse(deskPage, {
    key: id,
    principal: (request: Asked) => request.headers['x-desk'] as string | undefined,
  })
  desk(@Req() request: Asked): object {
    return { seenBy: request.headers['x-desk'], call: ++calls };
  }

  @Get('news/:id')
  @CacheResponse(newsPage, { key: id, public: true })
  news(@Res({ passthrough: true }) response: PassthroughResponse): object {
    response.header('vary', 'X-Region');
    return { call: ++calls };
  }

  @Get('close/:id')
  @CacheEvict(accountPage, (page: string) => [page])
  async close(@Param('id') page: string): Promise<string> {
    return page;
  }
}

const as = (name: string) => ({ authorization: `Bearer ${name}` });

describe.each(PLATFORMS)('responses of authenticated routes on %s', (platform) => {
  const warnings: string[] = [];
  const logger = { warn: (message: string) => warnings.push(message), log: () => 0, error: () => 0 };
  let service: CachedApp;
  let page = 0;
  let path = '';

  beforeAll(async () => {
    service = await startCachedApp(platform, {
      controllers: [AccountController],
      cache: { logger: logger as unknown as LoggerService },
    });
  });

  beforeEach(() => {
    path = `/account/${++page}`;
    calls = 0;
  });

  afterAll(() => service.close());

  const seen = async (headers: Record<string, string>): Promise<unknown> =>
    JSON.parse((await service.get(path, headers)).text) as unknown;

  it('are kept for each principal, and never shown to another one', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await seen(as('ada'))).toEqual({ seenBy: 'ada', call: 1 });
      expect(await seen(as('bob'))).toEqual({ seenBy: 'bob', call: 2 });
      expect(await seen({})).toEqual({ seenBy: 'anybody', call: 3 });
    }
  });

  it('are each for one principal when all ask at once', async () => {
    const names = ['ada', 'bob', 'cleo', 'ada', 'bob', 'cleo'];
    const all = await Promise.all(names.map((name) => seen(as(name))));
    expect(all).toMatchObject(names.map((seenBy) => ({ seenBy })));
    expect(calls).toBe(3);
  });

  it('are no keys to be made up: a principal is one part of the key, whatever it looks like', async () => {
    const names = ['a:b', 'a', 'a%3Ab', '~u', 'undefined'];
    for (const name of names) expect(await seen(as(name))).toMatchObject({ seenBy: name });
    expect(await seen({})).toMatchObject({ seenBy: 'anybody' });
    expect(calls).toBe(names.length + 1);
  });

  it.each([
    ['Authorization', as('nobody')],
    ['a cookie', { cookie: 'session=1' }],
    ['an API key', { 'x-api-key': '1' }],
  ])(
    'are neither stored nor answered from the cache for a request with %s of nobody',
    async (_what, headers) => {
      await seen({});
      expect(await seen(headers)).toEqual({ seenBy: 'anybody', call: 2 });
      const { headers: answer } = await service.get(path, headers);
      expect(calls).toBe(3);
      expect(answer).toMatchObject({
        'cache-control': 'private, no-cache',
        'cache-status': 'account; fwd=bypass',
      });
    },
  );

  it('are dropped for all principals by one evict', async () => {
    for (const name of ['ada', 'bob']) await seen(as(name));
    await service.get(`/close/${page}`);
    expect(await seen(as('ada'))).toMatchObject({ call: 3 });
    expect(await seen(as('bob'))).toMatchObject({ call: 4 });
  });

  it('are kept for whom the route says, if it says so', async () => {
    path = `/desk/${page}`;
    expect(await seen({ 'x-desk': '1', cookie: 'a=1' })).toEqual({ seenBy: '1', call: 1 });
    expect(await seen({ 'x-desk': '2', cookie: 'a=1' })).toEqual({ seenBy: '2', call: 2 });
    expect(await seen({ 'x-desk': '1', cookie: 'a=2' })).toEqual({ seenBy: '1', call: 1 });
  });

  it('are for nobody whom a guard refuses, also when they are stored', async () => {
    await seen(as('ada'));
    await seen({});
    const { status, text } = await service.get(path, as('banned'));
    expect([status, text.includes('seenBy')]).toEqual([403, false]);
  });

  it('warn once of a Vary that the key knows nothing of, and name the fix', async () => {
    path = `/news/${page}`;
    for (let round = 0; round < 3; round++) await seen({});
    expect(warnings).toEqual([
      'cache "news": AccountController.news answers with Vary: x-region, which its key knows nothing of, ' +
        "so it is not stored; add vary: ['x-region'].",
    ]);
  });
});

describe('the principal of a module', () => {
  let service: CachedApp;

  beforeAll(async () => {
    const principal = ({ headers }: HttpRequest): string | undefined =>
      headers['x-desk'] as string | undefined;
    service = await startCachedApp('fastify', {
      controllers: [AccountController],
      cache: { http: { principal } },
    });
  });

  afterAll(() => service.close());

  it('holds on all of its routes, instead of what guards leave on the request', async () => {
    calls = 0;
    const call = async (headers: Record<string, string>): Promise<unknown> =>
      (JSON.parse((await service.get('/account/1', headers)).text) as { call: number }).call;
    expect(await call({ 'x-desk': '1' })).toBe(1);
    expect(await call({ 'x-desk': '1' })).toBe(1);
    expect(await call({ 'x-desk': '2' })).toBe(2);
    // Ada is nobody here.
    expect([await call(as('ada')), await call(as('ada'))]).toEqual([3, 4]);
  });
});
