import KeyvRedis from '@keyv/redis';
import { createCache } from 'cache-manager';
import { CacheableMemory } from 'cacheable';
import { Keyv } from 'keyv';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/** CacheableMemory in front of @keyv/redis, as its quick start has it; values in memory are neither cloned nor encoded. */
export const cacheManager: Contender = {
  name: 'cache-manager',
  package: 'cache-manager',
  abilities: ['l1', 'two-tiers'],
  open: openCacheManager,
};

async function openCacheManager(setup: CacheSetup): Promise<OpenCache> {
  const store = new KeyvRedis<unknown>(setup.url);
  const redis = new Keyv({ store, namespace: setup.namespace, useKeyPrefix: false });
  redis.on('error', () => undefined);
  const memory = new Keyv({
    store: new CacheableMemory({ ttl: TTL_MS, lruSize: setup.l1Entries, useClone: false }),
  });
  memory.serialize = undefined;
  memory.deserialize = undefined;
  const cache = createCache({ ttl: TTL_MS, stores: setup.tiers === 'l2' ? [redis] : [memory, redis] });
  return {
    read: (id) => cache.wrap(id, () => setup.load(id)),
    evict: (id) => cache.del(id),
    close: () => store.disconnect(true),
  };
}
