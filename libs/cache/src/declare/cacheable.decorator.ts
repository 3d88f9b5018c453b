import { CacheDeclaration, type AnyCache, type CacheOptions } from './cache-declaration.js';
import { declarationSource } from './cache-config.decorator.js';
import { MethodPlan, type ReadStep } from './method-plan.js';
import type {
  AnyMethodDecorator,
  KeyedMethodDecorator,
  KeyedReadDecorator,
  ReadDecorator,
} from './method-types.js';

/** When a call is cached at all; both see the method's arguments. */
export interface CacheableOptions<Args extends readonly unknown[], Value = unknown> {
  /** The cache's arguments, from the method's. @default the method's arguments */
  key?: (...args: Args) => readonly unknown[];
  /** False: this call neither reads nor fills the cache. */
  condition?: (...args: Args) => boolean;
  /** True: the value is returned but not stored. */
  unless?: (value: Value, ...args: Args) => boolean;
}

/**
 * Answers the method from a cache, and fills it with what the method returns. The method's own body is the loader.
 * Returned values are frozen, because callers share them. Inside a transaction the method always runs.
 *
 * @param cache - from `defineCache`, or an inline declaration for a one-off
 * @param key - maps the method's arguments to the cache's; needed when they differ
 *
 * @example
 * @Cacheable(characterById)
 * find(id: string): Promise<Character> { … }
 *
 * @Cacheable(characterById, (actor: Actor, id: string) => [id])
 * findFor(actor: Actor, id: string): Promise<Character> { … }
 *
 * @Cacheable({ name: 'exchange-rates', key: (day: string) => [day], ttl: '1h' })
 * rates(day: string): Promise<Rates> { … }
 */
export function Cacheable<Args extends readonly unknown[], Value>(
  cache: CacheDeclaration<Args, Value>,
): ReadDecorator<Args, Value>;
export function Cacheable<Args extends readonly unknown[], Value, Given extends unknown[]>(
  cache: CacheDeclaration<Args, Value>,
  keyed:
    | ((...args: Given) => readonly [...Args])
    | (CacheableOptions<Given, Value> & { key: (...args: Given) => readonly [...Args] }),
): KeyedReadDecorator<Given, Value>;
export function Cacheable<Args extends readonly unknown[], Value>(
  cache: CacheDeclaration<Args, Value>,
  options: {
    condition?: (...args: Args) => boolean;
    unless?: (value: Value, ...args: Args) => boolean;
    key?: never;
  },
): ReadDecorator<Args, Value>;
export function Cacheable<Args extends unknown[]>(
  inline: CacheOptions<Args> & { key: (...args: Args) => readonly unknown[] } & Pick<
      CacheableOptions<Args>,
      'condition' | 'unless'
    >,
): KeyedMethodDecorator<Args>;
export function Cacheable(
  inline: CacheOptions<never[]> & { key?: never } & Pick<CacheableOptions<never[]>, 'condition' | 'unless'>,
): AnyMethodDecorator;
export function Cacheable(
  declared: AnyCache | (CacheOptions<never[]> & CacheableOptions<never[]>),
  keyOrOptions?: ((...args: never[]) => readonly unknown[]) | CacheableOptions<never[], never>,
): AnyMethodDecorator {
  return (target, property, descriptor) => {
    const plan = MethodPlan.of(target, property, descriptor);
    plan.readThrough(readStep(declared, keyOrOptions, target));
  };
}

function readStep(
  declared: AnyCache | (CacheOptions<never[]> & CacheableOptions<never[]>),
  keyOrOptions: ((...args: never[]) => readonly unknown[]) | CacheableOptions<never[], never> | undefined,
  target: object,
): ReadStep {
  if (!(declared instanceof CacheDeclaration)) {
    const { condition, unless, ...options } = declared;
    return { kind: 'one', cache: declarationSource(options, target), condition, unless } as ReadStep;
  }
  const options = typeof keyOrOptions === 'function' ? { key: keyOrOptions } : (keyOrOptions ?? {});
  return {
    kind: 'one',
    cache: () => declared,
    argsOf: options.key,
    condition: options.condition,
    unless: options.unless,
  } as ReadStep;
}
