import { defineCache } from '../../../libs/cache/src/index.js';
import type { Item } from './item.js';

// Kept for longer than any run, so that only an evict can end what is untrue.
const ttl = '1h';

/** Only in Redis. */
export const sharedItems = defineCache<[key: string], Item>({
  name: 'shared',
  key: (key) => [key],
  ttl,
  l1: false,
});

/** With an own copy in every process. */
export const copiedItems = defineCache<[key: string], Item>({
  name: 'copied',
  key: (key) => [key],
  ttl,
  l1: { ttl: '30m' },
});

/** Only in Redis; evicted by tag. */
export const taggedItems = defineCache<[key: string], Item>({
  name: 'tagged',
  key: (key) => [key],
  ttl,
  l1: false,
  tags: (key) => [`of ${key}`],
});

export const allCaches = [sharedItems, copiedItems, taggedItems];
export const KEYS = Array.from({ length: 8 }, (_, at) => `k${at}`);
