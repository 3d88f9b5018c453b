import type { AnyMethodDecorator, AsyncMethod } from './method-types.js';
import { MethodPlan } from './method-plan.js';

/** What a {@link CacheWarm} decorator asks for. */
export interface WarmStep {
  readonly argsList: (instance: object) => Promise<Iterable<readonly unknown[]>>;
  readonly batch: number;
}

/**
 * Calls a cached method for a list of arguments when the application starts, in the background: the service answers
 * meanwhile. What fails is logged, and loaded when it is asked for.
 *
 * @param argsList - arguments of the calls; `this` of the method is its argument
 * @param options.batch - how many calls at a time. @default 16
 *
 * @example
 * @CacheWarm((self: Characters) => self.mostRead(100))
 * @Cacheable(characterById)
 * find(id: string): Promise<Character> { … }
 */
export function CacheWarm<Owner extends object, Args extends readonly unknown[]>(
  argsList: (self: Owner) => Iterable<Args> | Promise<Iterable<Args>>,
  { batch = 16 }: { batch?: number } = {},
): <Method extends (...args: [...Args]) => Promise<unknown>>(
  target: Owner,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method & AsyncMethod>,
) => void {
  const decorate: AnyMethodDecorator = (target, property, descriptor) => {
    MethodPlan.of(target, property, descriptor).warmWith({
      argsList: async (instance) => argsList(instance as Owner),
      batch,
    });
  };
  return decorate;
}
