import { Controller, Get, Inject, NotFoundException, Param } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Observable } from 'rxjs';
import {
  CacheResponse,
  CacheService,
  defineCache,
  type CachedResponse,
  type CacheModuleOptions,
  type HttpRequest,
} from '../../../libs/cache/src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { PLATFORMS, startCachedApp, type CachedApp, type Platform } from './http-app.js';
import { until } from './until.js';

const page = defineCache<[id: string], CachedResponse>({
  name: 'page',
  key: (id) => [id],
  ttl: '1h',
  tags: (id) => [`page ${id}`],
});
const livePage = defineCache<[id: string], CachedResponse>({ name: 'live', key: (id) => [id], ttl: '1h' });
const savedPage = defineCache<[id: string], CachedResponse>({
  name: 'saved',
  key: (id) => [id],
  ttl: '50ms',
  failSafe: { for: '1h', pause: '1ms' },
});
const id = (request: HttpRequest<{ id: string }>): [string] => [request.params.id];

/** What the handlers answer, and when. */
class Source {
  calls = 0;
  answer: (id: string) => Promise<unknown> = async () => ({ call: this.calls });
  closed = 0;
}

@Controller()
class PageController {
  constructor(@Inject(Source) private readonly source: Source) {}

  @Get('page/:id')
  @CacheResponse(page, id)
  find(@Param('id') id: string): Promise<unknown> {
    this.source.calls++;
    return this.source.answer(id);
  }

  @Get('live/:id')
  @CacheResponse(livePage, { key: id, public: true })
  live(@Param('id') id: string): Observable<unknown> {
    this.source.calls++;
    return new Observable((subscriber) => {
      void this.source.answer(id).then(
        (value) => {
          subscriber.next(value);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => this.source.closed++;
    });
  }
}

@Controller()
class SavedController {
  constructor(@Inject(Source) private readonly source: Source) {}

  @Get('saved/:id')
  @CacheResponse(savedPage, id)
  saved(@Param('id') id: string): Promise<unknown> {
    this.source.calls++;
    return this.source.answer(id);
  }
}

/** A promise, and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const start = async (platform: Platform, cache?: CacheModuleOptions) => {
  const source = new Source();
  const service = await startCachedApp(platform, {
    controllers: [PageController, SavedController],
    providers: [{ provide: Source, useValue: source }],
    cache,
  });
  return { source, service, caches: service.app.get(CacheService) };
};

describe.each(PLATFORMS)('loads of responses on %s', (platform) => {
  let service: CachedApp;
  let caches: CacheService;
  let source: Source;

  beforeEach(async () => {
    ({ service, caches, source } = await start(platform));
  });

  afterEach(() => service.close());

  it.each(['/page/1', '/live/1'])('run the handler once for a burst of requests: %s', async (path) => {
    const { opened, open } = gate();
    source.answer = () => opened.then(() => ({ made: 'once' }));
    const burst = Promise.all(Array.from({ length: 100 }, () => service.get(path)));
    const name = path.split('/')[1];
    const waiting = (): number => caches.stats().caches.find((cache) => cache.name === name)!.coalesced;
    await until(() => source.calls > 0 && waiting() >= 99);
    open();
    const replies = await burst;
    expect(source.calls).toBe(1);
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['200 {"made":"once"}']),
    );
    const statuses = replies.map(({ headers }) => headers['cache-status']).sort();
    expect(statuses.slice(0, 2)).toEqual([`${name}; fwd=miss`, `${name}; fwd=miss; collapsed`]);
    expect(statuses.filter((status) => String(status).includes('l2'))).toEqual([]);
  });

  it.each(['/page/1', '/live/1'])('store no error, and hand it to all that wait: %s', async (path) => {
    const { opened, open } = gate();
    source.answer = () => opened.then(() => Promise.reject(new NotFoundException('not yet')));
    const burst = Promise.all(Array.from({ length: 20 }, () => service.get(path)));
    await until(() => source.calls > 0);
    open();
    for (const { status, headers } of await burst) {
      expect([status, headers['etag'], headers['age']]).toEqual([
        404,
        expect.not.stringMatching(/^"[\w-]{27}"$/),
        undefined,
      ]);
    }
    const before = source.calls;
    source.answer = async () => 'now';
    expect((await service.get(path)).text).toBe('now');
    expect(source.calls).toBe(before + 1);
  });

  it('are given up with their client, not with those that wait for it', async () => {
    const { opened, open } = gate();
    source.answer = () => opened.then(() => ({ call: source.calls }));
    const joined = until(() => source.calls === 1).then(() => service.get('/live/1'));
    const coalesced = (): number | undefined =>
      caches.stats().caches.find(({ name }) => name === 'live')?.coalesced;
    await service.abort(
      '/live/1',
      until(() => coalesced() === 1),
    );
    await until(() => source.calls === 2);
    expect(source.closed).toBe(1);
    open();
    expect((await joined).text).toBe('{"call":2}');
  });

  it('that began before an evict are not stored', async () => {
    const { opened, open } = gate();
    source.answer = () => opened.then(() => 'old');
    const before = service.get('/page/1');
    await until(() => source.calls === 1);
    await caches.for(page).evict(['1']);
    source.answer = async () => 'new';
    const after = await service.get('/page/1');
    open();
    expect([(await before).text, after.text, (await service.get('/page/1')).text]).toEqual([
      'old',
      'new',
      'new',
    ]);
  });

  it.each([
    ['an evict', () => caches.for(page).evict(['1'])],
    ['a clear', () => caches.for(page).clear()],
    ['a tag evict', () => caches.evictTag('page 1')],
  ])('begin again after %s', async (_what, drop) => {
    await service.get('/page/1');
    await service.get('/page/1');
    await drop();
    expect([(await service.get('/page/1')).text, source.calls]).toEqual(['{"call":2}', 2]);
  });

  it.each<[string, CachedResponse]>([
    ['/page/1', { kind: 'response', status: 200, headers: {}, body: 'of all', etag: '"1"', at: 0 }],
    ['/live/1', { kind: 'variants', of: 'nobody' }],
  ])(
    'begin again where the route was changed from one response to several, or back: %s',
    async (path, left) => {
      for (const cache of [page, livePage]) await caches.for(cache).put(['1'], left);
      const texts = [await service.get(path), await service.get(path), await service.get(path)].map(
        ({ text }) => text,
      );
      expect(texts).toEqual(['{"call":1}', '{"call":2}', '{"call":2}']);
    },
  );

  it('begin again for every user after an evict, and leave other pages alone', async () => {
    const users = ['ada', 'bob'].map((name) => ({ authorization: `Bearer ${name}` }));
    const readAll = async (): Promise<void> => {
      for (const path of ['/page/1', '/page/2']) for (const user of users) await service.get(path, user);
    };
    await readAll();
    await readAll();
    expect(source.calls).toBe(4);
    await caches.for(page).evict(['1']);
    await readAll();
    expect(source.calls).toBe(6);
  });
});

it.each(PLATFORMS)(
  'a cache with failSafe answers an error with what was there before, on %s',
  async (platform) => {
    const { service, source } = await start(platform);
    const ada = { authorization: 'Bearer ada' };
    const { text } = await service.get('/saved/1', ada);
    source.answer = () => Promise.reject(new Error('away'));
    await until(async () => (await service.get('/saved/1', ada)) && source.calls > 1);
    const saved = await service.get('/saved/1', ada);
    expect([saved.status, saved.text]).toEqual([200, text]);
    await service.close();
  },
);

it('an audit makes no response, and takes no second one for another truth', async () => {
  const { service, source, caches } = await start('fastify', { audit: { share: 1, confirmAfterMs: 1 } });
  for (let round = 0; round < 20; round++) {
    expect((await service.get('/page/1')).text).toBe('{"call":1}');
    expect((await service.get('/live/1')).text).toBe('{"call":2}');
  }
  await until(() => caches.stats().audit!.unknown > 0);
  expect([source.calls, caches.stats().audit!.stale]).toEqual([2, 0]);
  await service.close();
});

it('inside a transaction the handler answers, and nothing is kept', async () => {
  const transaction = { isActive: () => true, afterCommit: () => undefined };
  const { service, source } = await start('fastify', { transaction });
  for (const path of ['/page/1', '/live/1', '/page/1', '/live/1'])
    expect((await service.get(path)).status).toBe(200);
  expect(source.calls).toBe(4);
  await service.close();
});

describe('responses in Redis', () => {
  let server: RedisServer;
  const connections: Redis[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(async () => {
    for (const connection of connections) connection.disconnect();
    await server.stop();
  });

  it('are shared by instances, and evicted from all of them', async () => {
    const connect = (): Redis => {
      connections.push(new Redis(server.url));
      return connections.at(-1)!;
    };
    const [one, two] = await Promise.all([
      start('fastify', { redis: connect(), deadlineMs: 1_000 }),
      start('express', { redis: connect(), deadlineMs: 1_000 }),
    ]);
    await until(() => one.caches.stats().inStep && two.caches.stats().inStep);
    const made = await one.service.get('/page/1');
    const other = await two.service.get('/page/1');
    expect([other.text, two.source.calls]).toEqual([made.text, 0]);
    expect(other.headers).toMatchObject({
      etag: made.headers['etag'],
      'content-type': made.headers['content-type'],
      'cache-status': expect.stringMatching(/^page; hit; ttl=\d+; detail=l2$/),
    });
    await one.caches.for(page).evict(['1']);
    await until(async () => (await two.service.get('/page/1')) && two.source.calls === 1);
    await Promise.all([one.service.close(), two.service.close()]);
  });

  it('are made by the handler when Redis cannot be reached', async () => {
    const away = new Redis(server.port + 1, { lazyConnect: true, disconnectTimeout: 20 });
    connections.push(away);
    const { service, source } = await start('fastify', { redis: away });
    const replies = [await service.get('/page/1'), await service.get('/page/1')];
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(source.calls).toBe(2);
    await service.close();
  });
});
