import type { BenchContext } from './bench-case.js';
import type { CacheSetup, Contender, OpenCache, Tiers } from './contenders/contender.js';
import { makeItem } from './item.js';

/** A cache that counts how often its source was asked. */
export interface CountedCache {
  readonly name: string;
  readonly cache: OpenCache;
  readonly loads: () => number;
}

export interface OpenOptions extends Partial<Pick<CacheSetup, 'l1Entries' | 'load' | 'refills' | 'tagOf'>> {
  /** Undefined leaves a library out. */
  tiers: (contender: Contender) => Tiers | undefined;
}

let opened = 0;

/** One cache of each library that can take part, under a namespace of its own. */
export async function openCaches(context: BenchContext, options: OpenOptions): Promise<CountedCache[]> {
  const caches: CountedCache[] = [];
  const { l1Entries = 10_000, refills = true, load = async (id: string) => makeItem(id), tagOf } = options;
  for (const contender of context.contenders) {
    const tiers = options.tiers(contender);
    if (!tiers) continue;
    context.progress(`opening ${contender.name}`);
    let loads = 0;
    const cache = await contender.open({
      url: context.redis.url,
      namespace: `${contender.name}-${process.pid}-${opened++}`,
      tiers,
      refills,
      l1Entries,
      load: (id) => {
        loads++;
        return load(id);
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

/** What is said about libraries that asked the source although the entry was there. */
export function reloadNotes(caches: readonly CountedCache[], before: ReadonlyMap<string, number>): string[] {
  return caches
    .map(({ name, loads }) => [name, loads() - (before.get(name) ?? 0)] as const)
    .filter(([, loads]) => loads > 0)
    .map(([name, loads]) => `${name}: ${loads} of the timed reads went to the source.`);
}

export const loadsOf = (caches: readonly CountedCache[]): Map<string, number> =>
  new Map(caches.map(({ name, loads }) => [name, loads()]));
