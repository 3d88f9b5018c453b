import { asyncCacheDedupe } from './async-cache-dedupe.js';
import { bentocache } from './bentocache.js';
import { cacheManager } from './cache-manager.js';
import { cacheable } from './cacheable.js';
import type { Contender } from './contender.js';
import { rapport } from './rapport.js';
import { typeCacheable } from './type-cacheable.js';

/** In the order of the tables. */
export const contenders: readonly Contender[] = [
  rapport,
  bentocache,
  cacheable,
  cacheManager,
  asyncCacheDedupe,
  typeCacheable,
];

/** @throws when there is none of that name */
export function contenderNamed(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found) return found;
  throw new Error(`There is no library "${name}". Known: ${contenders.map(({ name }) => name).join(', ')}.`);
}
