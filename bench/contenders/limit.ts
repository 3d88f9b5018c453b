import { makeItem, type Item } from '../item.js';
import { connect } from './connection.js';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/** The row of the limit in every table. */
export const LIMIT = 'limit';

/** What the decorated method would be without any cache: async, and as fast as it gets. */
export const mapLimit: Contender = {
  name: LIMIT,
  abilities: ['l1'],
  open: async (setup) => new MapItems(setup),
};

class MapItems implements OpenCache {
  private readonly items = new Map<string, Item>();

  constructor({ l1Entries }: CacheSetup) {
    for (let index = 0; index < l1Entries; index++)
      this.items.set(`item-${index}`, makeItem(`item-${index}`));
  }

  async read(id: string): Promise<Item> {
    return this.items.get(id)!;
  }

  async evict(id: string): Promise<void> {
    this.items.delete(id);
  }

  async close(): Promise<void> {}
}

/** Cache-aside by hand: GET, and SET after a miss, with nothing that could go wrong taken care of. */
export const redisLimit: Contender = {
  name: LIMIT,
  abilities: [],
  open: openRedis,
};

async function openRedis({ url, namespace, load }: CacheSetup): Promise<OpenCache> {
  const redis = await connect(url);
  return {
    read: async (id) => {
      const found = await redis.get(`${namespace}:${id}`);
      if (found !== null) return JSON.parse(found) as Item;
      const item = await load(id);
      await redis.set(`${namespace}:${id}`, JSON.stringify(item), 'PX', TTL_MS);
      return item;
    },
    evict: (id) => redis.del(`${namespace}:${id}`),
    close: async () => redis.disconnect(),
  };
}
