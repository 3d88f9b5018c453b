// Reads the items that it is told of, again and again, so that whatever can be filled is filled.
import { Redis } from 'ioredis';
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedItems, copiedItems } from './caches.js';
import type { Item } from './item.js';
import { openCache } from './open-cache.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly port: number;
  readonly prefix: string;
}

const { port, prefix } = JSON.parse(process.argv[2]!) as Settings;
const cache = await openCache(new Redis(port, '127.0.0.1', { lazyConnect: true }), prefix, 1_000);
const caches = [sharedItems, copiedItems].map((declaration) => cache.for(declaration));
/** Being changed: read without a pause. */
const hot = new Set<string>();
/** Changed before: read now and then. */
const calm: string[] = [];

const read = (key: string): Promise<Item[]> =>
  Promise.all(caches.map((handle) => handle.getOrLoad([key], () => talk.ask<Item>('load', key))));

async function readHot(key: string): Promise<void> {
  while (hot.has(key)) {
    await read(key);
    await sleep(1);
  }
}

async function readCalm(): Promise<void> {
  for (;;) {
    for (const key of [...calm]) {
      await read(key);
      await sleep(2);
    }
    await sleep(20);
  }
}

const talk = talkToParent({
  watch: async (key: string) => {
    await read(key);
    hot.add(key);
    void readHot(key);
  },
  leave: (key: string) => {
    hot.delete(key);
    calm.push(key);
  },
  /** The versions that are shown; the source is asked for none of them that is kept. */
  shown: async (keys: string[]) => {
    const shown: [key: string, cache: string, version: number][] = [];
    for (const key of keys) {
      const items = await read(key);
      items.forEach(({ version }, at) => shown.push([key, ['shared', 'copied'][at]!, version]));
    }
    return shown;
  },
});
void readCalm();
await talk.ask('ready');
