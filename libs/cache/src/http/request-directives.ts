import { parseCacheControl } from './cache-control.js';
import type { HttpRequest } from './http-request.js';
import { headerOf } from './http-request.js';

/** What a client asks of the cache. */
export interface Asked {
  /** Neither answer from the cache nor store. */
  readonly noStore: boolean;
  /** Answer only from the cache. */
  readonly onlyIfCached: boolean;
  /** Answer from nothing older, in seconds. */
  readonly maxAge: number;
}

const NOTHING: Asked = { noStore: false, onlyIfCached: false, maxAge: Infinity };

/** The directives of a request (RFC 9111 §5.2.1) that its route honours. */
export function askedOf(request: HttpRequest, honoured: 'ignore' | 'no-store' | 'all'): Asked {
  if (honoured === 'ignore') return NOTHING;
  const field = headerOf(request, 'cache-control');
  if (field === undefined) return NOTHING;
  const said = parseCacheControl(field);
  const noStore = said.has('no-store');
  if (honoured === 'no-store') return noStore ? { ...NOTHING, noStore } : NOTHING;
  const seconds = Number(said.get('max-age') ?? Infinity);
  const maxAge = said.has('no-cache') || !(seconds > 0) ? -1 : seconds;
  return { noStore, onlyIfCached: said.has('only-if-cached'), maxAge };
}
