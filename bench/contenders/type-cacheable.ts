import { CacheClear, Cacheable } from '@type-cacheable/core';
import { IoRedisAdapter } from '@type-cacheable/ioredis-adapter';
import type { Item } from '../item.js';
import { connect } from './connection.js';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/** Its decorators over its ioredis adapter: Redis only, no tier in the process. */
export const typeCacheable: Contender = {
  name: 'type-cacheable',
  package: '@type-cacheable/core',
  abilities: [],
  open: openTypeCacheable,
};

async function openTypeCacheable(setup: CacheSetup): Promise<OpenCache> {
  const redis = await connect(setup.url);
  const client = new IoRedisAdapter(redis);
  const cacheKey = ([id]: unknown[]): string => `${setup.namespace}:${String(id)}`;
  const options = { client, cacheKey, ttlSeconds: TTL_MS / 1_000 };

  class Items {
    @Cacheable(options)
    async find(id: string): Promise<Item> {
      return setup.load(id);
    }

    @CacheClear({ client, cacheKey })
    async forget(_id: string): Promise<void> {}
  }

  const items = new Items();
  return {
    read: (id) => items.find(id),
    evict: (id) => items.forget(id),
    close: async () => redis.disconnect(),
  };
}
