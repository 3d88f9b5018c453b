// A Nest service on Fastify: one route that returns the same text each time, and the same answer from each cache.
import KeyvRedis from '@keyv/redis';
import { CacheInterceptor, CacheModule as StandardCacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Header, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CacheModule, CacheResponse, defineCache, type CachedResponse } from '@rapport/cache';
import { createKeyv as createMemory } from 'cacheable';
import { Keyv } from 'keyv';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../child-process.js';
import { connect } from '../contenders/connection.js';
import { TTL_MS, tiersOf, type OpenCache } from '../contenders/contender.js';
import { contenders } from '../contenders/index.js';
import { makeItem, type Item } from '../item.js';

const ID = 'page';
const TEXT = JSON.stringify(makeItem(ID));
const L1_ENTRIES = 1_000;

const caches = new Map<string, OpenCache>();
/** Calls of the handlers that stand behind a cache of responses. */
let handled = 0;

@Controller()
class PlainController {
  @Get('bare')
  @Header('content-type', 'application/json; charset=utf-8')
  bare(): string {
    return TEXT;
  }

  @Get('handler/:library')
  handler(@Param('library') library: string): Promise<Item> {
    return caches.get(library)!.read(ID);
  }
}

const page = defineCache<[], CachedResponse>({ name: 'page', ttl: '1h', l1: { ttl: '1h' } });

@Controller()
class ResponseController {
  @Get('response')
  @CacheResponse(page, () => [])
  async response(): Promise<Item> {
    handled++;
    return makeItem(ID);
  }
}

@Controller()
class StandardController {
  @Get('standard')
  @UseInterceptors(CacheInterceptor)
  standard(): Item {
    handled++;
    return makeItem(ID);
  }
}

async function openCaches(url: string): Promise<void> {
  for (const contender of contenders) {
    const cache = await contender.open({
      url,
      namespace: `${contender.name}-http`,
      tiers: tiersOf(contender) ?? 'l2',
      refills: false,
      l1Entries: L1_ENTRIES,
      load: async (id) => makeItem(id),
    });
    caches.set(contender.name, cache);
  }
}

/** Answers the port. */
async function start(url: string): Promise<number> {
  await openCaches(url);
  const redis = { commands: await connect(url), subscriber: await connect(url) };

  @Module({
    imports: [CacheModule.forRoot({ prefix: 'responses', redis, l1: { maxEntries: L1_ENTRIES } })],
    controllers: [PlainController, ResponseController],
  })
  class ResponsesModule {}

  @Module({
    imports: [
      StandardCacheModule.register({
        ttl: TTL_MS,
        stores: [createMemory({ lruSize: L1_ENTRIES, useClone: false }), new Keyv(new KeyvRedis(url))],
      }),
    ],
    controllers: [StandardController],
  })
  class StandardModule {}

  @Module({ imports: [ResponsesModule, StandardModule] })
  class BenchHttpModule {}

  const app = await NestFactory.create<NestFastifyApplication>(BenchHttpModule, new FastifyAdapter(), {
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as AddressInfo).port;
}

serveParent({ start, handled: () => handled });
