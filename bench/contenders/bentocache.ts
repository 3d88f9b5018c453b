import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { connect } from './connection.js';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/**
 * Memory, Redis and the bus, as its guide to several tiers has it. Objects in memory stay unserialised where that works:
 * with Redis behind it, 1.6 fails on the first entry that comes back from there (issue 111 of its repository).
 */
export const bentocache: Contender = {
  name: 'bentocache',
  package: 'bentocache',
  abilities: ['l1', 'two-tiers', 'bus', 'tags'],
  open: openBentocache,
};

async function openBentocache(setup: CacheSetup): Promise<OpenCache> {
  const connection = await connect(setup.url);
  const busConnection = await connect(setup.url);
  const memory = memoryDriver({ maxItems: setup.l1Entries, serialize: setup.refills });
  const redis = redisDriver({ connection });
  const store =
    setup.tiers === 'l2'
      ? bentostore().useL2Layer(redis)
      : bentostore()
          .useL1Layer(memory)
          .useL2Layer(redis)
          .useBus(redisBusDriver({ connection: busConnection }));
  const bento = new BentoCache({
    default: 'items',
    prefix: setup.namespace,
    ttl: TTL_MS,
    stores: { items: store },
  });
  const { tagOf } = setup;
  return {
    read: (id) =>
      bento.getOrSet({
        key: id,
        factory: () => setup.load(id),
        ...(tagOf ? { tags: [tagOf(id)] } : {}),
      }),
    evict: (id) => bento.delete({ key: id }),
    evictTag: (tag) => bento.deleteByTag({ tags: [tag] }),
    close: async () => {
      await bento.disconnectAll();
      busConnection.disconnect();
    },
  };
}
