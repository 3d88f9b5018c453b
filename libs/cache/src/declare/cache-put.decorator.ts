import type { CacheDeclaration } from './cache-declaration.js';
import { MethodPlan, afterSuccess } from './method-plan.js';
import type { AnyMethodDecorator, KeyedReadDecorator, ReadLiteralsLike } from './method-types.js';

/** Which entry a put stores. */
export type PutTarget<Args extends readonly unknown[], Value, Given extends unknown[]> =
  | ((...args: Given) => readonly [...Args])
  | { keyOfResult: (result: Value, ...args: Given) => readonly [...Args] };

/**
 * Always runs the method and stores what it returns. Where another write of the same entry overlaps, or inside a
 * transaction, nothing is stored and the entry is dropped instead, so that the last commit wins.
 *
 * @param key - the cache's arguments from the method's; or `{ keyOfResult }` where only the result tells
 *
 * @example
 * @CachePut(characterById, (id) => [id])
 * replace(id: string, character: CharacterInput): Promise<Character> { … }
 */
export function CachePut<Args extends readonly unknown[], Value>(
  cache: CacheDeclaration<Args, Value>,
  key:
    | ((...args: [...Args, ...unknown[]]) => readonly [...Args])
    | ReadLiteralsLike<Exclude<PutTarget<Args, Value, unknown[]>, (...args: never[]) => unknown>>,
): KeyedReadDecorator<[...Args, ...unknown[]], Value>;
export function CachePut<Args extends readonly unknown[], Value, Given extends unknown[]>(
  cache: CacheDeclaration<Args, Value>,
  target: PutTarget<Args, Value, Given>,
): KeyedReadDecorator<Given, Value>;
export function CachePut(cache: CacheDeclaration<never[]>, target: unknown): AnyMethodDecorator {
  type Loose = (...args: unknown[]) => readonly unknown[];
  return (owner, property, descriptor) => {
    const plan = MethodPlan.of(owner, property, descriptor);
    plan.write({
      caches: [() => cache],
      when: 'after',
      async prepare(engine, args) {
        const { writer } = engine;
        const region = engine.region(cache);
        if (typeof target === 'function') return writer.announcePut(region, (target as Loose)(...args));
        const { keyOfResult } = target as { keyOfResult: Loose };
        return afterSuccess((result) => writer.put(region, keyOfResult(result, ...args), result));
      },
    });
  };
}
