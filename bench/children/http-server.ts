// A Nest service on Fastify: one route that returns the same bytes each time, and the same answer from each cache.
import { createKeyv as createMemory } from 'cacheable';
import KeyvRedis from '@keyv/redis';
import { CacheInterceptor, CacheModule as StandardCacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Header, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Keyv } from 'keyv';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../child-process.js';
import { TTL_MS, tiersOf, type OpenCache } from '../contenders/contender.js';
import { contenders } from '../contenders/index.js';
import { makeItem, type Item } from '../item.js';

const ID = 'page';
const BYTES = JSON.stringify(makeItem(ID));

const caches = new Map<string, OpenCache>();

@Controller()
class ItemsController {
  @Get('bare')
  @Header('content-type', 'application/json; charset=utf-8')
  bare(): string {
    return BYTES;
  }

  @Get('standard')
  @UseInterceptors(CacheInterceptor)
  standard(): Item {
    return makeItem(ID);
  }

  @Get('handler/:library')
  handler(@Param('library') library: string): Promise<Item> {
    return caches.get(library)!.read(ID);
  }
}

async function start(url: string): Promise<number> {
  for (const contender of contenders) {
    const cache = await contender.open({
      url,
      namespace: `${contender.name}-http`,
      tiers: tiersOf(contender) ?? 'l2',
      refills: false,
      l1Entries: 1_000,
      load: async (id) => makeItem(id),
    });
    caches.set(contender.name, cache);
  }

  @Module({
    imports: [
      StandardCacheModule.register({
        ttl: TTL_MS,
        stores: [createMemory({ lruSize: 1_000, useClone: false }), new Keyv(new KeyvRedis(url))],
      }),
    ],
    controllers: [ItemsController],
  })
  class BenchHttpModule {}

  const app = await NestFactory.create<NestFastifyApplication>(BenchHttpModule, new FastifyAdapter(), {
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as AddressInfo).port;
}

serveParent({ start });
