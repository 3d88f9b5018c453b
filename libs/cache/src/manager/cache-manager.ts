import { createCache, KeyvAdapter, type Cache } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { CacheModuleOptions } from '../cache.options.js';
import { durationMs } from '../declare/duration.js';
import type { RedisConnection } from '../tiers/redis-script.js';

const SCAN_BATCH = 500;

/**
 * What `@Inject(CACHE_MANAGER)` and `CacheInterceptor` of `@nestjs/cache-manager` get: the standard cache, on the
 * shared Redis connection, or in memory. It has none of this library's guarantees; it is there for code that expects
 * it. Keyv serialises the values itself, so that the store's own serialiser never revives anything from text.
 */
export function createCacheManager(options: CacheModuleOptions): Cache {
  const ttl = durationMs(options.defaultTtl ?? '1h', 'CacheModule: defaultTtl');
  if (!options.redis) return createCache({ ttl, stores: [new Keyv({ useKeyPrefix: false })] });
  const redis = 'commands' in options.redis ? options.redis.commands : options.redis;
  const prefix = `${options.prefix ?? 'cache'}:${options.env ?? 'default'}:#manager:`;
  const store = new ScopedStore(redis, prefix);
  return createCache({ ttl, stores: [new Keyv({ store, useKeyPrefix: false, ttl })] });
}

/** The store as it is; its own types refer to a version of cache-manager that had them. */
interface Store {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, ttl?: number): Promise<void>;
  del(key: string): Promise<void>;
  mget(...keys: string[]): Promise<unknown[]>;
  mdel(...keys: string[]): Promise<void>;
  mset(pairs: [string, unknown][], ttl?: number): Promise<void>;
}

/**
 * cache-manager-ioredis-yet behind Keyv's interface, under a prefix of its own. `clear` is replaced: the original
 * empties the whole database with FLUSHDB. Keys are listed with SCAN, never with KEYS, which stops the server.
 */
class ScopedStore extends KeyvAdapter implements KeyvStoreAdapter {
  constructor(
    private readonly redis: RedisConnection,
    private readonly prefix: string,
  ) {
    super(prefixed(redisInsStore(redis) as unknown as Store, prefix));
  }

  override async clear(): Promise<void> {
    const nodes = 'nodes' in this.redis ? this.redis.nodes('master') : [this.redis];
    for (const node of nodes) {
      for await (const keys of node.scanStream({
        match: `${globEscaped(this.prefix)}*`,
        count: SCAN_BATCH,
      })) {
        // One by one, pipelined by the client: in a Cluster the keys of a batch lie in different slots.
        await Promise.all((keys as string[]).map((key) => node.unlink(key)));
      }
    }
  }

  /** The connection belongs to the application. */
  override async disconnect(): Promise<void> {}
}

function prefixed(store: Store, prefix: string): ConstructorParameters<typeof KeyvAdapter>[0] {
  const own = (key: string): string => prefix + key;
  return {
    name: 'ioredis',
    get: <T>(key: string) => store.get<T>(own(key)),
    set: (key: string, value: unknown, ttl?: number) => store.set(own(key), value, ttl),
    del: (key: string) => store.del(own(key)),
    mget: (...keys: string[]) => store.mget(...keys.map(own)),
    mdel: (...keys: string[]) => store.mdel(...keys.map(own)),
    mset: (pairs: [string, unknown][], ttl?: number) =>
      store.mset(
        pairs.map(([key, value]) => [own(key), value]),
        ttl,
      ),
  } as unknown as ConstructorParameters<typeof KeyvAdapter>[0];
}

const globEscaped = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');
