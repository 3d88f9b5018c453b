// One of several processes whose callers all want the same entry at the same time.
import { Redis } from 'ioredis';
import 'reflect-metadata';
import { sharedItems } from './caches.js';
import type { Item } from './item.js';
import { openCache } from './open-cache.js';
import { talkToParent } from './talk.js';

const { port } = JSON.parse(process.argv[2]!) as { port: number };
const cache = await openCache(new Redis(port, '127.0.0.1', { lazyConnect: true }), 'callers', 1_000);
const items = cache.for(sharedItems);

const talk = talkToParent({
  /** Answers the versions that so many concurrent calls gave. */
  call: async ({ key, calls }: { key: string; calls: number }) => {
    const load = (): Promise<Item> => talk.ask<Item>('load', key);
    const found = await Promise.all(Array.from({ length: calls }, () => items.getOrLoad([key], load)));
    return [...new Set(found.map(({ version }) => version))];
  },
});
await talk.ask('ready');
