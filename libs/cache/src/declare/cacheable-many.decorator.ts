import type { CacheDeclaration } from './cache-declaration.js';
import { MethodPlan, type ReadStep } from './method-plan.js';

/** Decorates a method from ids to items. */
export type ManyDecorator<Id, Value> = <Method extends (ids: Id[]) => Promise<readonly Value[]>>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Ids in, items out: the method's body is called once, with the ids that are not cached. The items come back in the
 * order of the ids; ids without an item are left out (and asked for again next time).
 *
 * @param options.id - the id of an item; the same value that the caller gives
 *
 * @example
 * @CacheableMany(characterById, { id: (character) => character.id })
 * findMany(ids: string[]): Promise<Character[]> { … }
 */
export function CacheableMany<Id, Value>(
  cache: CacheDeclaration<[id: Id], Value>,
  options: { id: (item: Value) => Id },
): ManyDecorator<Id, Value> {
  return (target, property, descriptor) => {
    const step: ReadStep = {
      kind: 'many',
      cache: () => cache,
      idOf: options.id as (item: unknown) => unknown,
    };
    MethodPlan.of(target, property, descriptor).readThrough(step);
  };
}
