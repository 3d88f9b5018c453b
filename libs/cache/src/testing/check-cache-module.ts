import type { CacheBackend } from '../backend.js';
import type { Versioned } from './checker.js';
import { explore, type Exploration } from './explore.js';
import type { FaultKind } from './faults.js';
import type { ExploredInstance, ExploredSource, ExploredWrite } from './subject.js';

/** The database of a module that is checked: hand it to the module in place of its repository. */
export interface CheckedSource extends ExploredSource {
  /** Writes the next version of a key; for the method that is decorated with `@CacheEvict` or `@CachePut`. */
  commit(key: string): Promise<Versioned>;
}

/** A way in which a module changes a key; its name shows in printed schedules. */
export type CheckedWrite = Omit<ExploredWrite, 'run'> & {
  /** Calls the module; {@link CheckedSource.commit} must be called once on the way. */
  run(key: string): Promise<unknown>;
};

/** One instance of the module. */
export interface CheckedInstance {
  /** Through the cache; resolves with what the source gave, or with something made of it. */
  read(key: string): Promise<Versioned>;
  readonly writes: readonly CheckedWrite[];
  stop?(): Promise<unknown> | void;
}

/** Options of {@link checkCacheModule}. */
export interface CheckCacheModuleOptions {
  /** Starts one instance. It may wait for the source and the cache, but for nothing else once it is started. */
  start(backend: CacheBackend, source: CheckedSource): Promise<CheckedInstance> | CheckedInstance;
  /** At most so many instances share the cache in a schedule. @default 2 */
  readonly instances?: number;
  /** @default 300 */
  readonly schedules?: number;
  /** Of the first schedule. @default drawn at random, and printed with a failure */
  readonly seed?: number;
  /** Whether the caches are kept in L1, where an evict takes a moment to reach the other instances. @default true */
  readonly l1?: boolean;
  /** The longest time for which an entry may be served, in ms. @default no limit */
  readonly ttlMs?: number;
  /** What may go wrong. @default everything */
  readonly faults?: readonly FaultKind[];
}

const SHRINKING_RUNS = 300;

/**
 * Explores what happens when instances of one's own module read and write the same keys at the same time, in every
 * order, with outages and crashes: whether its decorators keep what the cache promises. The usual finding is a write
 * that evicts too little, or the wrong key.
 *
 * @throws {@link ExplorerFailure} with the seed and the shortest schedule that was found for a broken promise
 * @example
 * await checkCacheModule({
 *   start: async (backend, source) => {
 *     const module = await Test.createTestingModule({
 *       imports: [CacheModule.forRoot({ backend }), ShopModule],
 *     }).overrideProvider(ProductRepository).useValue(repositoryOver(source)).compile();
 *     const products = (await module.init()).get(Products);
 *     return {
 *       read: (id) => products.findOne(id),
 *       writes: [{ name: 'rename', announced: true, run: (id) => products.rename(id, 'other') }],
 *       stop: () => module.close(),
 *     };
 *   },
 * });
 */
export async function checkCacheModule(options: CheckCacheModuleOptions): Promise<Exploration> {
  const { instances = 2, schedules = 300, seed, l1 = true, ttlMs = Infinity, faults } = options;
  const result = await explore({
    schedules,
    seed,
    faults,
    mostProcesses: instances,
    shrinkingRuns: SHRINKING_RUNS,
    subject: () => ({
      cache: { l1, ttlMs },
      start: (backend, source) => startInstance(options, backend, source),
    }),
  });
  if (result.failure) throw result.failure;
  return result;
}

async function startInstance(
  options: CheckCacheModuleOptions,
  backend: CacheBackend,
  source: ExploredSource,
): Promise<ExploredInstance> {
  const commits = new Map<string, () => Promise<Versioned>>();
  const instance = await options.start(backend, {
    load: (key) => source.load(key),
    commit: (key) => {
      const commit = commits.get(key);
      commits.delete(key);
      return (
        commit?.() ?? Promise.reject(new Error(`commit("${key}") belongs to no write; call it once in each.`))
      );
    },
  });
  const queue = new Map<string, Promise<unknown>>();
  const inTurn = (key: string, write: () => Promise<unknown>): Promise<unknown> => {
    const turn = (queue.get(key) ?? Promise.resolve()).then(write, write);
    queue.set(key, turn);
    return turn;
  };
  const writes = instance.writes.map((write) => ({
    ...write,
    // One at a time for each key and instance: otherwise nobody could tell whose commit is whose.
    run: (key: string, commit: () => Promise<Versioned>) =>
      inTurn(key, async () => {
        commits.set(key, commit);
        const answer = await write.run(key);
        // Decorated methods return their own result; an evict that is still to be delivered shows here.
        return (backend.health?.pendingEvictions ?? 0) > 0 ? 'pending' : answer;
      }),
  }));
  return { read: (key) => instance.read(key), writes, stop: () => instance.stop?.() };
}
