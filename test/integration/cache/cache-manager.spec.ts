import { CACHE_MANAGER, CacheInterceptor } from '@nestjs/cache-manager';
import { Controller, Get, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CacheModule, type CacheModuleOptions } from '@rapport/cache';
import type { Cache } from 'cache-manager';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('CACHE_MANAGER', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const withManager = async (
    options: CacheModuleOptions,
    work: (manager: Cache) => Promise<void>,
  ): Promise<void> => {
    class Root {}
    Module({ imports: [CacheModule.forRoot(options)] })(Root);
    const app = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
    try {
      await work(app.get<Cache>(CACHE_MANAGER));
    } finally {
      await app.close();
    }
  };

  it.each([['memory'], ['Redis']])('gets, sets, deletes and expires over %s', async (kind) => {
    await withManager(kind === 'Redis' ? { redis } : {}, async (manager) => {
      await manager.set('a', { list: [1, 'two'] }, 60_000);
      expect(await manager.get('a')).toEqual({ list: [1, 'two'] });
      expect(await manager.mget(['a', 'none'])).toEqual([{ list: [1, 'two'] }, undefined]);
      await manager.del('a');
      expect(await manager.get('a')).toBeUndefined();
      expect(await manager.wrap('b', async () => 'made')).toBe('made');
      expect(await manager.wrap('b', async () => 'again')).toBe('made');
    });
  });

  it('clears its own keys and no others', async () => {
    await withManager({ redis, prefix: 'p*', env: 'e' }, async (manager) => {
      await redis.set('p*:e:{item:1}', 'kept');
      await redis.set('px:e:#manager:b', 'kept');
      for (const key of ['a', 'b']) await manager.set(key, key, 60_000);
      expect(await redis.exists('p*:e:#manager:a')).toBe(1);
      await manager.clear();
      expect(await manager.get('a')).toBeUndefined();
      expect(await redis.exists('p*:e:#manager:a', 'p*:e:#manager:b')).toBe(0);
      expect(await redis.exists('p*:e:{item:1}', 'px:e:#manager:b')).toBe(2);
    });
  });

  it('serves CacheInterceptor', async () => {
    @Controller('slow')
    @UseInterceptors(CacheInterceptor)
    class SlowController {
      calls = 0;
      @Get()
      answer(): { calls: number } {
        return { calls: ++this.calls };
      }
    }
    @Module({ imports: [CacheModule.forRoot({ redis, prefix: 'http' })], controllers: [SlowController] })
    class Root {}
    const app = await NestFactory.create<NestFastifyApplication>(Root, new FastifyAdapter(), {
      logger: false,
    });
    await app.init();
    const answers = [await app.inject('/slow'), await app.inject('/slow')].map((response) =>
      response.json<unknown>(),
    );
    expect(answers).toEqual([{ calls: 1 }, { calls: 1 }]);
    expect(await redis.exists('http:default:#manager:/slow')).toBe(1);
    await app.close();
  });

  it('never turns stored text into code', async () => {
    await withManager({ redis, prefix: 'safe' }, async (manager) => {
      const text = '_function_f|(() => globalThis.pwned = true)()';
      await manager.set('f', { text }, 60_000);
      expect(await manager.get('f')).toEqual({ text });
    });
  });

  it('leaves the shared connection open when the application closes', async () => {
    await withManager({ redis }, async (manager) => void (await manager.set('x', 1, 60_000)));
    expect(await redis.ping()).toBe('PONG');
  });
});
