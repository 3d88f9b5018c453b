import { Controller, Get, Injectable, Module, NotFoundException, Param } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CacheModule } from '../cache.module.js';
import { Cacheable } from '../declare/cacheable.decorator.js';
import { cacheStatusHeader, cacheStatusMember, runWithCacheStatus } from './cache-status.js';
import { CacheStatusInterceptor } from './cache-status.interceptor.js';

@Injectable()
class Pages {
  @Cacheable({ name: 'page', key: (id: string) => [id], ttl: '1h', l1: { ttl: '1m' } })
  async find(id: string): Promise<string> {
    if (id === 'none') throw new NotFoundException();
    return `page ${id}`;
  }
}

@Controller('pages')
class PagesController {
  constructor(private readonly pages: Pages) {}

  @Get('plain')
  plain(): string {
    return 'nothing cached';
  }

  @Get('many')
  async many(): Promise<number> {
    for (let at = 0; at < 20; at++) await this.pages.find(String(at));
    return 20;
  }

  @Get(':id')
  find(@Param('id') id: string): Promise<string> {
    return this.pages.find(id);
  }
}

@Module({
  imports: [CacheModule.forRoot()],
  controllers: [PagesController],
  providers: [Pages, { provide: APP_INTERCEPTOR, useExisting: CacheStatusInterceptor }],
})
class PagesModule {}

describe('Cache-Status', () => {
  it('follows RFC 9211 and RFC 8941', () => {
    expect(cacheStatusMember({ cache: 'character', hit: 'l1', ttlMs: 21_034_900 })).toBe(
      'character; hit; ttl=21034; detail=l1',
    );
    expect(cacheStatusMember({ cache: 'user:profile', fwd: 'miss', stored: true })).toBe(
      'user:profile; fwd=miss; stored',
    );
    expect(cacheStatusMember({ cache: '1st', fwd: 'bypass' })).toBe('"1st"; fwd=bypass');
    expect(cacheStatusMember({ cache: 'a', fwd: 'miss', collapsed: true })).toBe('a; fwd=miss; collapsed');
  });

  it('keeps what happens in two scopes at once apart', async () => {
    expect(cacheStatusHeader()).toBeUndefined();
    expect(runWithCacheStatus(() => cacheStatusHeader())).toBeUndefined();
  });

  describe('of responses', () => {
    let app: NestFastifyApplication;
    const statusOf = async (url: string): Promise<unknown> =>
      (await app.inject({ method: 'GET', url })).headers['cache-status'];

    beforeAll(async () => {
      app = await NestFactory.create<NestFastifyApplication>(PagesModule, new FastifyAdapter(), {
        logger: false,
      });
      await app.init();
    });

    afterAll(() => app.close());

    it('tells a miss from a hit', async () => {
      expect(await statusOf('/pages/a')).toBe('page; fwd=miss; stored');
      expect(await statusOf('/pages/a')).toMatch(/^page; hit; ttl=(60|59); detail=l1$/);
    });

    it('is absent where nothing cached was read', async () => {
      expect(await statusOf('/pages/plain')).toBeUndefined();
    });

    it('lists ten reads at most', async () => {
      expect(String(await statusOf('/pages/many')).split(', ')).toHaveLength(10);
    });

    it('leaves an error response as it is', async () => {
      const response = await app.inject({ method: 'GET', url: '/pages/none' });
      expect(response.statusCode).toBe(404);
    });
  });
});
