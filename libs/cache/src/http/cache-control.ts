/** What a `Cache-Control` field says; names in lower case, `true` where there is no argument. */
export type Directives = ReadonlyMap<string, string | true>;

const DIRECTIVE = /([a-z0-9-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]+)))?/gi;

export function parseCacheControl(header: string): Directives {
  const directives = new Map<string, string | true>();
  for (const [, name, quoted, token] of header.matchAll(DIRECTIVE)) {
    directives.set(name!.toLowerCase(), quoted ?? token ?? true);
  }
  return directives;
}

/** How long others may keep a response, in whole seconds; see `CacheResponseOptions`. */
export interface ClientFreshness {
  readonly shared: boolean;
  readonly maxAge: number;
  readonly sharedMaxAge?: number;
  readonly staleWhileRevalidate?: number;
  readonly mustRevalidate: boolean;
}

/**
 * The `Cache-Control` of a response that is `age` seconds old and kept for `left` more. A lifetime is counted from when
 * the response was made (RFC 9111 §4.2), so it is `age` plus what the client may add: never more than is left here.
 */
export function cacheControl(fresh: ClientFreshness, age: number, left: number): string {
  const lifetime = (seconds: number): number => (seconds === 0 ? 0 : age + Math.min(seconds, left));
  let text = `${fresh.shared ? 'public' : 'private'}, max-age=${lifetime(fresh.maxAge)}`;
  if (fresh.sharedMaxAge !== undefined) text += `, s-maxage=${lifetime(fresh.sharedMaxAge)}`;
  if (fresh.staleWhileRevalidate !== undefined) {
    text += `, stale-while-revalidate=${fresh.staleWhileRevalidate}`;
  }
  return fresh.mustRevalidate ? `${text}, must-revalidate` : text;
}
