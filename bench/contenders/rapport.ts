import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, CacheModule, CacheService, defineCache } from '@rapport/cache';
import type { Item } from '../item.js';
import { connect } from './connection.js';
import type { CacheSetup, Contender, OpenCache } from './contender.js';

/** Through the public door: a declared cache, a decorated method, a Nest application. */
export const rapport: Contender = {
  name: 'rapport',
  abilities: ['l1', 'two-tiers', 'bus', 'tags'],
  open: openRapport,
};

async function openRapport(setup: CacheSetup): Promise<OpenCache> {
  const { tagOf } = setup;
  const itemById = defineCache<[id: string], Item>({
    name: 'item',
    key: (id) => [id],
    ttl: '1h',
    l1: setup.tiers === 'l2' ? false : { ttl: '1h' },
    ...(tagOf ? { tags: (id: string) => [tagOf(id)] } : {}),
  });

  @Injectable()
  class Items {
    @Cacheable(itemById)
    find(id: string): Promise<Item> {
      return setup.load(id);
    }
  }

  const commands = await connect(setup.url, { enableAutoPipelining: false });
  const subscriber = await connect(setup.url, { enableAutoPipelining: false });

  @Module({
    imports: [
      CacheModule.forRoot({
        prefix: setup.namespace,
        redis: { commands, subscriber },
        l1: { maxEntries: setup.l1Entries },
      }),
    ],
    providers: [Items],
  })
  class BenchModule {}

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: false });
  const items = app.get(Items);
  const cache = app.get(CacheService);
  const entries = cache.for(itemById);
  return {
    read: (id) => items.find(id),
    evict: (id) => entries.evict([id]),
    evictTag: (tag) => cache.evictTag(tag),
    close: async () => {
      await app.close();
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
