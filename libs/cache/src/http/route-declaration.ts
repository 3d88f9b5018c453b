import {
  HEADERS_METADATA,
  METHOD_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { RequestMethod } from '@nestjs/common';
import { CacheDeclarationError } from '../cache.errors.js';
import type { AnyCache } from '../declare/cache-declaration.js';
import type { CheckedResponseOptions } from './cache-response.options.js';
import { parseCacheControl } from './cache-control.js';
import { varyNames } from './vary.js';

/** Metadata key of {@link RouteDeclaration}, on the handler itself: other decorators carry it along. */
export const RESPONSE_CACHE = Symbol('@rapport/cache:response');

/** What `@CacheResponse` says about a route. */
export interface RouteDeclaration {
  readonly cache: AnyCache;
  readonly options: CheckedResponseOptions;
}

export const routeDeclarationOf = (handler: object): RouteDeclaration | undefined =>
  Reflect.getMetadata(RESPONSE_CACHE, handler) as RouteDeclaration | undefined;

/**
 * Checks what the other decorators of a route say against `@CacheResponse`; they may stand above or below it.
 *
 * @throws {@link CacheDeclarationError} naming cache, method and fix
 */
export function checkRoute(declaration: RouteDeclaration, controller: object, method: string): void {
  const handler = (controller as Record<string, object>)[method]!;
  const refuse = (what: string): never => {
    const label = `${controller.constructor.name}.${method}`;
    throw new CacheDeclarationError(`cache "${declaration.cache.name}": ${label} ${what}.`);
  };
  const has = (key: string): boolean => Reflect.hasMetadata(key, handler);
  if (Reflect.getMetadata(METHOD_METADATA, handler) !== RequestMethod.GET) {
    refuse('is no @Get route; @CacheResponse caches GET, and answers HEAD from it');
  }
  if (has(SSE_METADATA)) refuse('is an event stream (@Sse), which cannot be cached; remove @CacheResponse');
  if (has(RENDER_METADATA) || has(REDIRECT_METADATA)) {
    refuse('is answered by @Render or @Redirect, past the cache; remove @CacheResponse');
  }
  if (answersItself(controller.constructor, method)) {
    refuse(
      'answers through @Res() or @Next(), past the cache; use @Res({ passthrough: true }) and return the body',
    );
  }
  for (const { name, value } of (Reflect.getMetadata(HEADERS_METADATA, handler) ?? []) as StaticHeader[]) {
    if (typeof value !== 'string') continue;
    const cause = contradiction(name.toLowerCase(), value, declaration.options);
    if (cause) refuse(`has @Header('${name}', '${value}'), ${cause}`);
  }
}

interface StaticHeader {
  readonly name: string;
  readonly value: unknown;
}

function contradiction(name: string, value: string, options: CheckedResponseOptions): string | undefined {
  if (name === 'set-cookie') return 'which is never stored; remove @CacheResponse';
  if (name === 'cache-control') {
    const said = parseCacheControl(value);
    if (said.has('no-store') || said.has('no-cache'))
      return 'which forbids what @CacheResponse asks for; remove one';
  }
  if (name === 'vary') {
    const missing = varyNames(value).filter((header) => !options.vary.includes(header));
    if (missing.length > 0)
      return `but the key knows nothing of it; add it to vary: ['${missing.join("', '")}']`;
  }
  return undefined;
}

function answersItself(controller: object, method: string): boolean {
  if (Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, method)) return false;
  const args = Object.keys((Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as object);
  return args.some((key) => {
    const type = Number(key.split(':')[0]);
    return type === (RouteParamtypes.RESPONSE as number) || type === (RouteParamtypes.NEXT as number);
  });
}
