import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CacheEngine } from './cache-engine.js';
import { defineCache } from './declare/cache-declaration.js';
import { handleOf } from './testing/cache.contract.js';
import { FULL_SIZE } from './testing/full-size.js';

const KEYS = FULL_SIZE ? 1_000_000 : 20_000;
const BOUND = 1_000;
/** The leak that this looks for was 220 bytes a key: 3 MB over the keys of a short run. */
const HEAP_SLACK_MB = 2;

const items = defineCache<[id: number], number>({
  name: 'item',
  key: (id) => [id],
  ttl: '60d',
  l1: { ttl: '40d' },
  stale: '1h',
});
const tagged = defineCache<[id: number], number>({ name: 'tagged', ttl: '1h', tags: (id) => [`of ${id}`] });

/** The largest collection that can be reached, and where it is. */
function largest(root: object): { path: string; size: number } {
  let found = { path: '', size: 0 };
  const seen = new Set<unknown>([root]);
  const queue: [string, unknown][] = [['engine', root]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [path, value] = next;
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    const members =
      value instanceof Map || value instanceof Set ? [...value.entries()].flat() : Object.values(value);
    const size =
      value instanceof Map || value instanceof Set ? value.size : Array.isArray(value) ? value.length : 0;
    if (size > found.size) found = { path, size };
    for (const [name, member] of members.entries()) {
      if (seen.has(member)) continue;
      seen.add(member);
      queue.push([`${path}.${Array.isArray(value) ? '[]' : (Object.keys(value)[name] ?? '[]')}`, member]);
    }
  }
  return found;
}

/** After a collection, in MB. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('the memory of an engine', () => {
  it('stays bounded over any number of keys: no map, listener or timer grows', async () => {
    const engine = new CacheEngine({ l1: { maxEntries: BOUND } });
    await engine.start();
    const cache = handleOf(engine, items);
    const timersBefore = timers();
    const listenersBefore = process.eventNames().length;
    const BATCH = 1_000;
    let heapBefore = 0;
    for (let from = 0; from < KEYS; from += BATCH) {
      // Full by now: from here on nothing has a reason to grow.
      if (from === 5 * BATCH) heapBefore = heapMb();
      const reads = Array.from({ length: BATCH }, (_, at) =>
        cache.getOrLoad([from + at], async () => from + at),
      );
      await Promise.all(reads);
      if (from % 10_000 === 0) {
        await cache.evict([from]);
        await cache.evictAround([from + 2], async () => undefined);
        await cache.put([from + 3], 0);
      }
    }
    const tags = handleOf(engine, tagged);
    for (let id = 0; id < 5 * BOUND; id++) {
      await tags.getOrLoad([id], async () => id);
      await tags.evictTag(`of ${id}`);
    }
    expect(engine.stats().caches[0]!.loads).toBe(KEYS);
    // Obsolete tables that an iterator holds are no collection that could be counted.
    expect(heapMb() - heapBefore).toBeLessThan(HEAP_SLACK_MB);
    const { path, size } = largest(engine);
    expect({ path, isBounded: size <= 2 * BOUND }).toEqual({ path, isBounded: true });
    expect(timers()).toBeLessThanOrEqual(timersBefore + 2);
    expect(process.eventNames().length).toBe(listenersBefore);
    engine.stop();
  }, 300_000);
});
