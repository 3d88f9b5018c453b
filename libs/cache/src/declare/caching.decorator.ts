import type { AnyMethodDecorator } from './method-types.js';

/** A decorator that this library made. */
type CacheMethodDecorator = (target: object, property: string | symbol, descriptor: never) => void;

/** Several cache decorators as one; see {@link Caching}. */
export interface CachingOptions {
  cacheable?: CacheMethodDecorator;
  put?: readonly CacheMethodDecorator[];
  evict?: readonly CacheMethodDecorator[];
}

/**
 * Several cache decorators on one method, as one value that can be named and reused. It does the same as stacking
 * them; stacking also lets the compiler check each key function against the method.
 *
 * @example
 * @Caching({
 *   put: [CachePut(userById, (id) => [id])],
 *   evict: [CacheEvict(usernames, { all: true })],
 * })
 * update(id: string, change: UpdateUser): Promise<User> { … }
 */
export function Caching(options: CachingOptions): AnyMethodDecorator {
  const written = [
    ...(options.cacheable ? [options.cacheable] : []),
    ...(options.put ?? []),
    ...(options.evict ?? []),
  ];
  return (target, property, descriptor) => {
    // Decorators run bottom up; so do these, to keep the written order.
    for (const decorate of written.toReversed()) decorate(target, property, descriptor as never);
  };
}
