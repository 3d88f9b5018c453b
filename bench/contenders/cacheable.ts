import KeyvRedis, { Keyv } from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { Cacheable, createKeyv } from 'cacheable';
import type { Item } from '../item.js';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/** Memory in front of @keyv/redis, kept in step by its message provider; values in memory are not cloned. */
export const cacheable: Contender = {
  name: 'cacheable',
  package: 'cacheable',
  abilities: ['l1', 'two-tiers', 'bus', 'tags'],
  open: openCacheable,
};

async function openCacheable(setup: CacheSetup): Promise<OpenCache> {
  const store = new KeyvRedis<unknown>(setup.url);
  const redis = new Keyv({ store, useKeyPrefix: false, namespace: setup.namespace });
  redis.on('error', () => undefined);
  const provider = new RedisMessageProvider({ uri: setup.url });
  // It listens to no errors of its clients, and a client's error that nobody hears ends the process.
  for (const client of [provider['pub'], provider['sub']]) client.on('error', () => undefined);
  const tiers =
    setup.tiers === 'l2'
      ? { primary: redis }
      : {
          primary: createKeyv({ lruSize: setup.l1Entries, useClone: false }),
          secondary: redis,
          sync: { qified: provider },
        };
  const cache = new Cacheable({
    ...tiers,
    namespace: setup.namespace,
    ttl: TTL_MS,
    tags: setup.tagOf !== undefined,
  });
  cache.on('error', () => undefined);
  const { tagOf } = setup;
  return {
    read: tagOf
      ? async (id) => {
          // getOrSet knows no tags.
          const found = await cache.get<Item>(id);
          if (found !== undefined) return found;
          const item = await setup.load(id);
          await cache.set(id, item, { tags: [tagOf(id)] });
          return item;
        }
      : async (id) => (await cache.getOrSet(id, () => setup.load(id))) as Item,
    evict: (id) => cache.delete(id),
    evictTag: (tag) => cache.tags.invalidateTag(tag),
    close: async () => {
      await store.disconnect(true);
      if (setup.tiers !== 'l2') await provider.disconnect(true);
    },
  };
}
