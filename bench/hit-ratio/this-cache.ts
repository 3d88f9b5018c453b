import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheService, defineCache } from '@rapport/cache';

/** Hits of this project's tier in the process, of the requests from `counted` on; through the public door, without Redis. */
export async function localHits(
  requests: readonly number[],
  maxEntries: number,
  counted: number,
): Promise<number> {
  const numbers = defineCache<[id: number], number>({
    name: 'number',
    key: (id) => [id],
    ttl: '1h',
    l1: { ttl: '1h' },
  });

  @Module({ imports: [CacheModule.forRoot({ l1: { maxEntries } })] })
  class HitRatioModule {}

  const app = await NestFactory.createApplicationContext(HitRatioModule, { logger: false });
  const cache = app.get(CacheService);
  const entries = cache.for(numbers);
  const hits = (): number => cache.stats().caches[0]!.localHits;
  let before = 0;
  for (const [at, id] of requests.entries()) {
    if (at === counted) before = hits();
    await entries.getOrLoad([id], async () => id);
  }
  const found = hits() - before;
  await app.close();
  return found;
}
