import 'reflect-metadata';
import { CacheDeclarationError } from '../cache.errors.js';
import type { AnyCache, CacheDeclaration } from '../declare/cache-declaration.js';
import {
  checkResponseOptions,
  type CacheResponseOptions,
  type CheckedResponseOptions,
} from './cache-response.options.js';
import { wrapHandler } from './cached-handler.js';
import type { HttpRequest } from './http-request.js';
import { RESPONSE_CACHE, type RouteDeclaration } from './route-declaration.js';
import type { CachedResponse } from './stored-response.js';

/**
 * Answers a `@Get` route (and its HEAD) from a cache of finished responses: status, the headers that describe the
 * content, and the bytes that went out, after every interceptor and serialiser. Guards and pipes run on every request,
 * the handler only on a miss. Evicts, tags, coalescing and both tiers are those of the cache.
 *
 * Responses are private: each principal has its own, and a request with credentials of which no principal comes is
 * never answered from the cache. `public: true` makes it one for all. `@CacheEvict(cache, key)` drops what all
 * principals have under the key. Never stored: errors, streams, responses with `Set-Cookie`, and those whose handler
 * says `Cache-Control: no-store`, `no-cache` or (on a public route) `private`. A `Cache-Control` or `ETag` of the
 * handler's own stands.
 *
 * Interceptors run on hits too and see the stored text (or undefined); what they make of it is not sent. Where that
 * does not suit them, put `HttpCacheInterceptor` in front of them.
 *
 * @param cache - declared with the value type {@link CachedResponse}
 * @param keyed - the cache's arguments from the request, or all options
 * @throws {@link CacheDeclarationError} when options contradict each other; what the route itself contradicts (no
 *   `@Get`, `@Res()` without passthrough, `@Sse`, `@Render`, `@Redirect`) stops the boot
 *
 * @example
 * @Get(':id')
 * @CacheResponse(characterPage, (request: HttpRequest<{ id: string }>) => [request.params.id])
 * find(@Param('id') id: string): Promise<Character> { … }
 *
 * @Get()
 * @CacheResponse(catalogPage, { key: () => [], public: true, maxAge: '1m', vary: ['accept-language'] })
 * catalog(): Promise<Catalog> { … }
 */
export function CacheResponse<Args extends readonly unknown[], Request extends HttpRequest = HttpRequest>(
  cache: CacheDeclaration<Args, CachedResponse>,
  keyed:
    | ((request: Request) => readonly [...Args])
    | (Omit<CacheResponseOptions<Args, Request>, 'key'> & { key: (request: Request) => readonly [...Args] }),
): MethodDecorator {
  const options = typeof keyed === 'function' ? { key: keyed } : keyed;
  const checked: CheckedResponseOptions = checkResponseOptions(
    options as unknown as CacheResponseOptions,
    cache.name,
  );
  const declaration: RouteDeclaration = { cache: cache as unknown as AnyCache, options: checked };
  return (target, property, descriptor) => {
    const handler: unknown = descriptor.value;
    if (typeof handler !== 'function' || typeof target === 'function') {
      throw new CacheDeclarationError(
        `cache "${cache.name}": @CacheResponse on ${String(property)}; it goes on the @Get methods of controllers.`,
      );
    }
    if (Reflect.hasMetadata(RESPONSE_CACHE, handler)) {
      throw new CacheDeclarationError(
        `cache "${cache.name}": ${target.constructor.name}.${String(property)} has two @CacheResponse decorators; keep one.`,
      );
    }
    Reflect.defineMetadata(RESPONSE_CACHE, declaration, handler);
    wrapHandler(target, property, descriptor);
  };
}
