import { createCache } from 'async-cache-dedupe';
import { connect } from './connection.js';
import { TTL_MS, type CacheSetup, type Contender, type OpenCache } from './contender.js';

/** Either memory or Redis: it has no second tier. References are its tags. */
export const asyncCacheDedupe: Contender = {
  name: 'async-cache-dedupe',
  package: 'async-cache-dedupe',
  abilities: ['l1', 'tags'],
  open: openAsyncCacheDedupe,
};

async function openAsyncCacheDedupe(setup: CacheSetup): Promise<OpenCache> {
  const client = await connect(setup.url);
  const ttl = TTL_MS / 1_000;
  const { tagOf } = setup;
  const cache = createCache({
    ttl,
    storage:
      setup.tiers === 'l1'
        ? { type: 'memory', options: { size: setup.l1Entries, invalidation: tagOf !== undefined } }
        : {
            type: 'redis',
            options: { client, invalidation: tagOf ? { referencesTTL: ttl } : false },
          },
  });
  // The name begins every key, and so keeps libraries and cases apart.
  const name = setup.namespace;
  const defined = cache.define(name, tagOf ? { references: (id: string) => [tagOf(id)] } : {}, (id: string) =>
    setup.load(id),
  );
  return {
    read: (id) => defined[name]!(id),
    evict: (id) => cache.clear(name, id),
    evictTag: (tag) => cache.invalidateAll(tag),
    close: async () => client.disconnect(),
  };
}
