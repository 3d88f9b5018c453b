import type { CacheBackend } from '../backend.js';
import { CacheEngine } from '../cache-engine.js';
import { CacheHandle } from '../cache-handle.js';
import { defineCache, type CacheDeclaration } from '../declare/cache-declaration.js';
import { trackNesting } from '../flight/load.js';
import type { Eviction } from '../tiers/tier.js';
import type { Versioned } from './checker.js';
import type { Choices } from './choices.js';
import type { ExploredInstance, ExploredSource, ExploredWrite, Subject } from './subject.js';

type VersionedCache = CacheDeclaration<[key: string], Versioned>;

/** Longer than any schedule, so that nothing is right only because it has expired. */
const TTL_MS = 3_600_000;
const TAG = 'every key';
const options = { key: (key: string) => [key], ttl: TTL_MS };
const tags = (): string[] => [TAG];

const CACHES: readonly VersionedCache[] = [
  defineCache({ ...options, name: 'local', l1: { ttl: '30m' } }),
  defineCache({ ...options, name: 'remote', l1: false }),
  defineCache({ ...options, name: 'localTagged', l1: { ttl: '30m' }, tags }),
  defineCache({ ...options, name: 'remoteTagged', l1: false, tags }),
  // Old after a moment, and then served while it is loaded anew.
  defineCache({ ...options, name: 'stale', ttl: '1s', stale: TTL_MS, l1: { ttl: '1s' } }),
  defineCache({ ...options, name: 'remoteStale', ttl: '1s', stale: TTL_MS, l1: false }),
];

/** The engine itself, with all it can do: with and without L1, with and without tags, every kind of write. */
export function engineSubject(
  choices: Choices,
  wrap = (backend: CacheBackend): CacheBackend => backend,
): Subject {
  const cache = choices.pick(CACHES);
  return {
    cache: { l1: cache.options.l1 !== false, ttlMs: TTL_MS + 1_000 },
    start: (backend, source) => startEngine(cache, wrap(backend), source),
  };
}

function startEngine(cache: VersionedCache, backend: CacheBackend, source: ExploredSource): ExploredInstance {
  // Otherwise the first schedule that needs it would change those after it.
  trackNesting();
  const engine = new CacheEngine({ backend, logger: silent });
  const region = engine.region(cache);
  const handle = new CacheHandle<[key: string], Versioned>(engine, region);
  void engine.start();
  const around =
    (evictionsOf: (key: string) => readonly Eviction[]): ExploredWrite['run'] =>
    async (key, commit) => {
      const write = await engine.writer.announce(evictionsOf(key));
      return write.done(await commit());
    };
  const after =
    (evictionsOf: (key: string) => readonly Eviction[]): ExploredWrite['run'] =>
    async (key, commit) => {
      await commit();
      return engine.writer.evict(evictionsOf(key));
    };
  const entryOf = (key: string): readonly Eviction[] => engine.evictionsOf(region, [[key]]);
  const writes: ExploredWrite[] = [
    { name: 'evictAround', announced: true, run: around(entryOf) },
    { name: 'evict', run: after(entryOf) },
    { name: 'clear', wide: true, run: after(() => engine.clearOf(region)) },
    { name: 'clearAround', wide: true, announced: true, run: around(() => engine.clearOf(region)) },
    {
      name: 'put',
      keeps: true,
      announced: true,
      run: async (key, commit) => {
        const write = await engine.writer.announcePut(region, [key]);
        return write.done(await commit());
      },
    },
  ];
  if (cache.options.tags) {
    writes.push(
      { name: 'evictTag', wide: true, run: after(() => engine.tagsOf([TAG])) },
      { name: 'evictTagAround', wide: true, announced: true, run: around(() => engine.tagsOf([TAG])) },
    );
  }
  return {
    read: (key) => handle.getOrLoad([key], () => source.load(key)),
    writes,
    stop: () => engine.stop(),
  };
}

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
