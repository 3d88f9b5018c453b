import 'reflect-metadata';
import { CacheDeclaration, type AnyCache, type CacheOptions } from './cache-declaration.js';
import type { DeclarationSource } from './method-plan.js';

/** What the inline `@Cacheable({ … })` declarations of a class have in common; see {@link CacheConfig}. */
export interface CacheConfigOptions extends Pick<CacheOptions, 'ttl' | 'l1' | 'version' | 'classes'> {
  /** Put in front of the inline names, joined by `:`. */
  namePrefix?: string;
}

const CONFIG = Symbol('@rapport/cache:config');

/**
 * Defaults for the inline declarations of a class. Caches made with `defineCache` are not changed by it.
 *
 * @example
 * @CacheConfig({ namePrefix: 'catalog', ttl: '10m' })
 * class CatalogService {
 *   @Cacheable({ name: 'menu', key: (day: string) => [day] })   // the cache is "catalog:menu"
 *   menu(day: string): Promise<Menu> { … }
 * }
 */
export function CacheConfig(options: CacheConfigOptions): ClassDecorator {
  return (target) => Reflect.defineMetadata(CONFIG, options, target);
}

/** A declaration, or an inline one that is made when it is first needed: class decorators run last. */
export function declarationSource(
  declared: CacheDeclaration<never[]> | CacheOptions<never[]>,
  target: object,
): DeclarationSource {
  if (declared instanceof CacheDeclaration) return () => declared;
  let made: AnyCache | undefined;
  return () => {
    if (!made) {
      const config = Reflect.getMetadata(CONFIG, target.constructor) as CacheConfigOptions | undefined;
      const { namePrefix, ...defaults } = config ?? {};
      const name = namePrefix ? `${namePrefix}:${declared.name}` : declared.name;
      made = new CacheDeclaration<never[]>(Object.freeze({ ...defaults, ...declared, name }));
    }
    return made;
  };
}
