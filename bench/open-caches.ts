import { setImmediate as turn } from 'node:timers/promises';
import type { BenchContext } from './bench-case.js';
import type { CacheSetup, Contender, OpenCache, Tiers } from './contenders/contender.js';
import { makeItem } from './item.js';

/** A cache that counts how often its source was asked. */
export interface CountedCache {
  readonly name: string;
  readonly cache: OpenCache;
  readonly loads: () => number;
}

export interface OpenOptions extends Pick<CacheSetup, 'l1Entries' | 'tagOf'> {
  readonly tiers: (contender: Contender) => Tiers;
}

/** One cache of each library, all in this process. */
export async function openCaches(context: BenchContext, options: OpenOptions): Promise<CountedCache[]> {
  const caches: CountedCache[] = [];
  const { l1Entries, tagOf } = options;
  for (const contender of context.contenders) {
    context.progress(`opening ${contender.name}`);
    let loads = 0;
    const cache = await contender.open({
      url: context.redis.url,
      namespace: `${contender.name}-tags`,
      tiers: options.tiers(contender),
      refills: true,
      l1Entries,
      load: async (id) => {
        loads++;
        await turn();
        return makeItem(id);
      },
      tagOf,
    });
    caches.push({ name: contender.name, cache, loads: () => loads });
  }
  return caches;
}

export async function closeAll(caches: readonly CountedCache[]): Promise<void> {
  for (const { cache } of caches) await cache.close();
}
