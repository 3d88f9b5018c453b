import type { CacheDeclaration } from './cache-declaration.js';
import { MethodPlan, afterSuccess, type WriteStep } from './method-plan.js';
import type { AnyMethodDecorator, KeyedMethodDecorator, ReadLiteralsLike } from './method-types.js';

/** When an evict happens. */
export interface EvictTiming<Given extends readonly unknown[]> {
  /** True: evict before the method runs, even if it then fails. @default false: after it succeeded */
  beforeInvocation?: boolean;
  /** False: this call evicts nothing. */
  condition?: (...args: Given) => boolean;
}

/** What an evict drops; exactly one of the members. */
export type EvictTarget<Args extends readonly unknown[], Given extends unknown[]> =
  | ({ key: (...args: Given) => readonly [...Args] } & EvictTiming<Given>)
  | ({ keys: (...args: Given) => readonly (readonly [...Args])[] } & EvictTiming<Given>)
  | ({ keysOfResult: (result: never, ...args: Given) => readonly (readonly [...Args])[] } & Omit<
      EvictTiming<Given>,
      'beforeInvocation'
    >);

/**
 * Drops entries once the method succeeded: from every tier, with a notice to the other instances. A load that began
 * before cannot bring the old value back. Inside a transaction the evict waits for the outermost commit.
 *
 * @param cache - whose entries
 * @param target - a function from the method's arguments to the cache's; or `{ all: true }` for every entry; or
 *   `{ keys }` for several; or `{ keysOfResult }` where only the result tells
 *
 * @example
 * @CacheEvict(characterById, (id) => [id])
 * @CacheEvict(characterList, { all: true })
 * update(id: string, change: UpdateCharacter): Promise<Character> { … }
 */
export function CacheEvict<Args extends readonly unknown[]>(
  cache: CacheDeclaration<Args>,
  key:
    | ((...args: [...Args, ...unknown[]]) => readonly [...Args])
    | ReadLiteralsLike<EvictTarget<Args, [...Args, ...unknown[]]>>,
): KeyedMethodDecorator<[...Args, ...unknown[]]>;
export function CacheEvict<Args extends readonly unknown[], Given extends unknown[]>(
  cache: CacheDeclaration<Args>,
  target: ((...args: Given) => readonly [...Args]) | EvictTarget<Args, Given>,
): KeyedMethodDecorator<Given>;
export function CacheEvict<Given extends unknown[]>(
  cache: CacheDeclaration<never[]>,
  all: { all: true } & EvictTiming<Given>,
): KeyedMethodDecorator<Given>;
export function CacheEvict(cache: CacheDeclaration<never[]>, target: unknown): AnyMethodDecorator {
  return (owner, property, descriptor) => {
    MethodPlan.of(owner, property, descriptor).write(evictStep(cache, target as LooseTarget));
  };
}

type Loose<T> = (...args: unknown[]) => T;
type LooseTarget =
  | Loose<readonly unknown[]>
  | {
      all?: true;
      key?: Loose<readonly unknown[]>;
      keys?: Loose<readonly (readonly unknown[])[]>;
      keysOfResult?: Loose<readonly (readonly unknown[])[]>;
      beforeInvocation?: boolean;
      condition?: Loose<boolean>;
    };

function evictStep(cache: CacheDeclaration<never[]>, target: LooseTarget): WriteStep {
  const { all, key, keys, keysOfResult, beforeInvocation, condition } =
    typeof target === 'function'
      ? ({ key: target } as Exclude<LooseTarget, Loose<readonly unknown[]>>)
      : target;
  return {
    caches: [() => cache],
    when: beforeInvocation ? 'before' : 'after',
    async prepare(engine, args) {
      if (condition && !condition(...args)) return undefined;
      const region = engine.region(cache);
      const { writer } = engine;
      if (keysOfResult) return afterSuccess((result) => engine.evict(region, keysOfResult(result, ...args)));
      // Read before the method runs: it may change the objects it is given.
      const dropped = all
        ? engine.clearOf(region)
        : engine.evictionsOf(region, key ? [key(...args)] : keys!(...args));
      return beforeInvocation ? afterSuccess(() => writer.evict(dropped)) : writer.announce(dropped);
    },
  };
}
