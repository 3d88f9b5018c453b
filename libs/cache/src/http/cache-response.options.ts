import { CacheDeclarationError } from '../cache.errors.js';
import { durationMs, type Duration } from '../declare/duration.js';
import type { ClientFreshness } from './cache-control.js';
import type { HttpRequest } from './http-request.js';
import type { PrincipalOf } from './principal.js';

/** How the responses of a route are cached, here and by others; see `CacheResponse`. */
export interface CacheResponseOptions<
  Args extends readonly unknown[] = readonly unknown[],
  Request extends HttpRequest = HttpRequest,
> {
  /** The cache's arguments, from the request. Everything of the URL that the response depends on belongs in it. */
  key: (request: Request) => Args;
  /** One response for everybody, also for requests with credentials; shared caches may keep it. @default false */
  public?: boolean;
  /** On whose behalf the request is made. @default the module's `http.principal` */
  principal?: PrincipalOf<Request>;
  /** Request headers that the response depends on, e.g. `['accept-language']`. They become part of the key. */
  vary?: readonly string[];
  /**
   * How long a client may use its copy without asking, counted from when it gets it, and never beyond the cache's own
   * TTL. No evict reaches such a copy. @default 0: it asks each time, and mostly gets a 304
   */
  maxAge?: Duration;
  /** The same for shared caches (`s-maxage`); needs `public`. @default as `maxAge` */
  sharedMaxAge?: Duration;
  /** How long after that a client may use its copy while it asks for a new one. */
  staleWhileRevalidate?: Duration;
  /** Forbids clients to use a copy beyond its time, even when they are offline. @default true when `maxAge` is 0 */
  mustRevalidate?: boolean;
  /** Further headers of the handler's to send again on hits, e.g. `['x-total-count']`. Others are not kept. */
  headers?: readonly string[];
  /**
   * What the request's `Cache-Control` can ask for. `ignore`: nothing. `no-store`: not to be stored; such a request
   * passes by. `all`: also `no-cache` and `max-age`, which pass by what is too old for them, and `only-if-cached`
   * (504 on a miss). Anybody can send them, so that `all` lets clients undo the cache. @default `"no-store"`
   */
  requestDirectives?: 'ignore' | 'no-store' | 'all';
  /** Larger bodies are sent but not stored. @default 4 MiB */
  maxBytes?: number;
}

/** Options with their defaults, in the units in which they are used. */
export interface CheckedResponseOptions {
  readonly key: (request: HttpRequest) => readonly unknown[];
  readonly principal?: PrincipalOf<HttpRequest>;
  readonly vary: readonly string[];
  readonly headers: readonly string[];
  readonly freshness: ClientFreshness;
  readonly requestDirectives: 'ignore' | 'no-store' | 'all';
  readonly maxBytes: number;
}

/** Header names, of which `*` is none here: a response that varies by everything is never the same again. */
const TOKEN = /^[!#$%&'+\-.^_`|~0-9a-z]+$/;
const WHOSE = new Set(['authorization', 'cookie']);
const NEVER_KEPT = new Set(['set-cookie', 'etag', 'vary', 'age', 'content-length', 'transfer-encoding']);

/**
 * Options of a route, checked.
 *
 * @param owner - the cache's name, for messages
 * @throws {@link CacheDeclarationError} naming the cache and the fix
 */
export function checkResponseOptions(options: CacheResponseOptions, owner: string): CheckedResponseOptions {
  const refuse = (what: string): never => {
    throw new CacheDeclarationError(`cache "${owner}": @CacheResponse ${what}.`);
  };
  const isPublic = options.public ?? false;
  if (typeof options.key !== 'function') {
    refuse('needs a key function of the request, e.g. (request) => [request.params.id]');
  }
  if (isPublic && options.principal) {
    refuse("has both public and principal; a response is everybody's or somebody's, remove one of them");
  }
  if (!isPublic && options.sharedMaxAge !== undefined) {
    refuse('has sharedMaxAge without public; shared caches may keep only public responses');
  }
  if (options.mustRevalidate && options.staleWhileRevalidate !== undefined) {
    refuse('has both mustRevalidate and staleWhileRevalidate; the one forbids the other, remove one of them');
  }
  const vary = namesOf(options.vary);
  const whose = vary.find((name) => WHOSE.has(name));
  if (whose) refuse(`has "${whose}" in vary; that is whose the request is, which principal says`);
  const headers = namesOf(options.headers);
  const wrong =
    [...vary, ...headers].find((name) => !TOKEN.test(name)) ?? headers.find((name) => NEVER_KEPT.has(name));
  if (wrong !== undefined)
    refuse(`has ${JSON.stringify(wrong)} in vary or headers, which no response can keep; remove it`);
  const maxBytes = options.maxBytes ?? 4 * 1_024 * 1_024;
  if (!(maxBytes > 0)) refuse('has a maxBytes that is not above 0');
  const seconds = (name: 'maxAge' | 'sharedMaxAge' | 'staleWhileRevalidate'): number | undefined => {
    const value = options[name];
    if (value === undefined || value === 0) return value;
    return Math.floor(durationMs(value, `cache "${owner}": @CacheResponse ${name}`) / 1_000);
  };
  const maxAge = seconds('maxAge') ?? 0;
  const staleWhileRevalidate = seconds('staleWhileRevalidate');
  return {
    key: options.key,
    principal: options.principal,
    vary,
    headers,
    freshness: {
      shared: isPublic,
      maxAge,
      sharedMaxAge: seconds('sharedMaxAge'),
      staleWhileRevalidate,
      mustRevalidate: options.mustRevalidate ?? (maxAge === 0 && staleWhileRevalidate === undefined),
    },
    requestDirectives: options.requestDirectives ?? 'no-store',
    maxBytes,
  };
}

const namesOf = (names: readonly string[] | undefined): string[] => [
  ...new Set((names ?? []).map((name) => name.toLowerCase())),
];
