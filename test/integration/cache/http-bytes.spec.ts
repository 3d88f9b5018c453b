import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Inject,
  Res,
  Scope,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Provider,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { map, type Observable } from 'rxjs';
import {
  CacheResponse,
  CacheStatusInterceptor,
  HttpCacheInterceptor,
  defineCache,
  type CachedResponse,
  type HttpRequest,
} from '../../../libs/cache/src/index.js';
import { PLATFORMS, startCachedApp, type CachedApp, type Platform } from './http-app.js';
import { until } from './until.js';

const pageOf = (name: string, l1?: false) =>
  defineCache<[id: string], CachedResponse>({ name, key: (id) => [id], ttl: '1h', l1 });
const nearPage = pageOf('near');
const farPage = pageOf('far', false);
const scopedPage = pageOf('scoped');
const id = (request: HttpRequest<{ id: string }>): [string] => [request.params.id];

class Person {
  name = 'Ada';
  @Exclude() password = 'secret';
}

/** What the handlers answer. */
class Bodies {
  calls = 0;
  make: () => unknown = () => 'text';

  next(): unknown {
    this.calls++;
    return this.make();
  }
}

/** Routes that a controller inherits. */
abstract class BodyRoutes {
  constructor(@Inject(Bodies) private readonly bodies: Bodies) {}

  @Get('near/:id')
  @CacheResponse(nearPage, id)
  near(): unknown {
    return this.bodies.next();
  }

  @Get('far/:id')
  @CacheResponse(farPage, id)
  async far(): Promise<unknown> {
    return this.bodies.next();
  }
}

@Controller()
class BodyController extends BodyRoutes {}

@Controller({ scope: Scope.REQUEST })
class ScopedController {
  constructor(@Inject(Bodies) private readonly bodies: Bodies) {}

  @Get('scoped/:id')
  @CacheResponse(scopedPage, id)
  scoped(): unknown {
    return this.bodies.next();
  }
}

/** Trusts that the handler's value is an object with a name, as interceptors of an application do. */
class EnvelopeInterceptor implements NestInterceptor {
  seen: unknown[] = [];

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((value: unknown) => {
        this.seen.push(value);
        return { data: value };
      }),
    );
  }
}

const start = async (platform: Platform, providers: Provider[] = []) => {
  const bodies = new Bodies();
  const service = await startCachedApp(platform, {
    controllers: [BodyController, ScopedController],
    providers: [{ provide: Bodies, useValue: bodies }, ...providers],
  });
  return { bodies, service };
};

describe.each(PLATFORMS)('the bytes of a hit on %s', (platform) => {
  let service: CachedApp;
  let bodies: Bodies;

  beforeAll(async () => {
    ({ service, bodies } = await start(platform));
  });

  afterAll(() => service.close());

  const binary = randomBytes(300_000);
  const BODIES: [what: string, make: () => unknown][] = [
    ['an object', () => ({ a: [1, null, 'ü', { b: true }], at: new Date(0), nothing: undefined })],
    ['an array', () => [1, 2, 3]],
    ['null', () => null],
    ['nothing', () => undefined],
    ['a number', () => 7],
    ['false', () => false],
    ['text', () => 'plain ünï \u{1f600} text'],
    ['an empty text', () => ''],
    ['half a surrogate pair', () => 'a\ud83d'],
    ['bytes', () => binary],
    ['bytes that are part of others', () => new Uint8Array(binary.buffer, binary.byteOffset + 10, 1_000)],
    [
      'three megabytes of JSON',
      () => Array.from({ length: 60_000 }, (_, at) => ({ at, text: 'a line of text as it comes' })),
    ],
  ];

  it.each(
    BODIES.flatMap(([what, make]) => ['near', 'far', 'scoped'].map((route) => [what, route, make] as const)),
  )('are those of the miss: %s, %s', async (what, route, make) => {
    bodies.make = make;
    bodies.calls = 0;
    const path = `/${route}/${encodeURIComponent(what)}`;
    const [miss, hit, again] = [await service.get(path), await service.get(path), await service.get(path)];
    expect(bodies.calls).toBe(1);
    for (const { body, status, headers } of [hit, again]) {
      expect(body.equals(miss.body)).toBe(true);
      expect([status, headers['content-type'], headers['content-length']]).toEqual([
        200,
        miss.headers['content-type'],
        miss.headers['content-length'],
      ]);
      expect(headers['etag']).toBe(miss.headers['etag']);
    }
  });

  it('do not keep others waiting for a stream', async () => {
    const streams: PassThrough[] = [];
    bodies.calls = 0;
    bodies.make = () => {
      streams.push(new PassThrough());
      streams.at(-1)!.write('begun');
      return new StreamableFile(streams.at(-1)!);
    };
    const first = service.get('/near/stream');
    await until(() => bodies.calls === 1);
    const second = service.get('/near/stream');
    await until(() => bodies.calls === 2);
    for (const stream of streams) stream.end(', ended');
    expect([(await first).text, (await second).text]).toEqual(['begun, ended', 'begun, ended']);
  });
});

describe.each(PLATFORMS)('what interceptors make of a response on %s', (platform) => {
  it('is kept: what @Exclude removes is never sent', async () => {
    const { service, bodies } = await start(platform, [
      { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor },
    ]);
    bodies.make = () => new Person();
    for (const path of ['/near/1', '/near/1', '/far/1', '/far/1', '/scoped/1', '/scoped/1']) {
      expect((await service.get(path)).text).toBe('{"name":"Ada"}');
    }
    expect(bodies.calls).toBe(3);
    await service.close();
  });

  it('is kept once, and not made of a hit again', async () => {
    const envelope = new EnvelopeInterceptor();
    const { service, bodies } = await start(platform, [{ provide: APP_INTERCEPTOR, useValue: envelope }]);
    bodies.make = () => ({ name: 'Ada' });
    for (let round = 0; round < 3; round++) {
      expect((await service.get('/near/1')).text).toBe('{"data":{"name":"Ada"}}');
    }
    expect(envelope.seen).toEqual([{ name: 'Ada' }, '{"data":{"name":"Ada"}}', '{"data":{"name":"Ada"}}']);
    await service.close();
  });

  it('is kept without them running on hits, where HttpCacheInterceptor stands in front of them', async () => {
    const envelope = new EnvelopeInterceptor();
    const { service, bodies } = await start(platform, [
      { provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor },
      { provide: APP_INTERCEPTOR, useValue: envelope },
    ]);
    bodies.make = () => ({ name: 'Ada' });
    for (let round = 0; round < 3; round++) {
      expect((await service.get('/near/1')).text).toBe('{"data":{"name":"Ada"}}');
    }
    expect([envelope.seen, bodies.calls]).toEqual([[{ name: 'Ada' }], 1]);
    await service.close();
  });

  it('is told once in Cache-Status when reads are recorded as well', async () => {
    const { service } = await start(platform, [
      { provide: APP_INTERCEPTOR, useClass: CacheStatusInterceptor },
    ]);
    await service.get('/near/1');
    const { headers } = await service.get('/near/1');
    expect(headers['cache-status']).toMatch(/near; hit; ttl=\d+; detail=l1$/);
    await service.close();
  });
});

it.each(PLATFORMS)('a Vary from before the handler is its own affair on %s', async (platform) => {
  const bodies = new Bodies();
  const service = await startCachedApp(platform, {
    controllers: [BodyController],
    providers: [{ provide: Bodies, useValue: bodies }],
    prepare: (app) =>
      app.use((_request: unknown, response: ServerResponse, next: () => void) => {
        response.setHeader('vary', 'Origin');
        next();
      }),
  });
  for (let round = 0; round < 2; round++) {
    const { headers } = await service.get('/near/1');
    expect(headers['vary']).toBe('Origin, authorization, cookie');
  }
  expect(bodies.calls).toBe(1);
  await service.close();
});

it('hooks and schemas of Fastify have their say on the miss, and hits repeat it', async () => {
  const bodies = new Bodies();
  const service = await startCachedApp('fastify', {
    controllers: [BodyController],
    providers: [{ provide: Bodies, useValue: bodies }],
    prepare: (app) => {
      const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
      fastify.addHook('preSerialization', async (_request, _reply, payload) => ({
        ...(payload as object),
        hooked: true,
      }));
      fastify.addHook('onSend', async (_request, reply) => {
        reply.header('x-sent', 'now');
      });
    },
  });
  bodies.make = () => ({ name: 'Ada' });
  for (let round = 0; round < 2; round++) {
    const { text, headers } = await service.get('/near/1');
    expect([text, headers['x-sent']]).toEqual(['{"name":"Ada","hooked":true}', 'now']);
  }
  expect(bodies.calls).toBe(1);
  await service.close();
});

it('a handler that chooses its own serialiser on Fastify is answered with it, and not stored', async () => {
  const upperPage = pageOf('upper');
  let calls = 0;

  @Controller()
  class UpperController {
    @Get('upper/:id')
    @CacheResponse(upperPage, id)
    upper(@Res({ passthrough: true }) reply: FastifyReply): object {
      reply
        .type('text/plain')
        .serializer((value: { name: string }) => `${value.name.toUpperCase()} ${++calls}`);
      return { name: 'ada' };
    }
  }

  const service = await startCachedApp('fastify', { controllers: [UpperController] });
  expect([(await service.get('/upper/1')).text, (await service.get('/upper/1')).text]).toEqual([
    'ADA 1',
    'ADA 2',
  ]);
  await service.close();
});

it('a response tells its age, and lets clients keep it as long as the cache does at most', async () => {
  const agePage = defineCache<[], CachedResponse>({ name: 'age', key: () => [], ttl: '100s' });
  @Controller()
  class AgeController {
    @Get('age')
    @CacheResponse(agePage, { key: () => [], public: true, maxAge: '1m' })
    age(): string {
      return 'made';
    }
  }
  const service = await startCachedApp('fastify', { controllers: [AgeController] });
  await service.get('/age');
  const made = Date.now();
  const later = jest.spyOn(Date, 'now').mockImplementation(() => made + 70_000);
  const { headers } = await service.get('/age');
  later.mockRestore();
  expect(headers).toMatchObject({
    age: '70',
    'cache-control': 'public, max-age=100',
    'cache-status': 'age; hit; ttl=30; detail=l1',
  });
  await service.close();
});
