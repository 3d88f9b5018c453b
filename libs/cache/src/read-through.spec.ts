import { CacheEngine } from './cache-engine.js';
import { CacheHandle } from './cache-handle.js';
import { defineCache } from './declare/cache-declaration.js';

const items = defineCache<[id: string], string>({ name: 'items', ttl: '1h' });

it('a read tells whether its value was cached, also when it joined the load of another', async () => {
  const engine = new CacheEngine({});
  await engine.start();
  const cache = new CacheHandle<[string], string>(engine, engine.region(items));
  const load = (): Promise<string> => new Promise((resolve) => setImmediate(() => resolve('loaded')));
  const first = await Promise.all(Array.from({ length: 3 }, () => cache.readThrough(['a'], load)));
  expect(first).toEqual(Array.from({ length: 3 }, () => ({ value: 'loaded', cached: false })));
  expect(await cache.readThrough(['a'], load)).toEqual({ value: 'loaded', cached: true });
  await cache.evict(['a']);
  expect((await cache.readThrough(['a'], load)).cached).toBe(false);
  engine.stop();
});
