import { createHash } from 'node:crypto';

/** What goes out after serialisation; null when there is no content at all. */
export type ResponseBody = string | Buffer | null;

/** One response, ready to be sent again. Text stays text: it needs no decoding and can be shared. */
export interface StoredResponse {
  readonly kind: 'response';
  readonly status: number;
  /** In lower case; only those that describe the content. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ResponseBody;
  readonly etag: string;
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Stands under the key that evicts name, for a resource that has several responses (one a principal, one a language).
 * Their keys begin with `of`, so that dropping this one entry puts all of them out of reach, whatever their number.
 */
export interface ResponseVariants {
  readonly kind: 'variants';
  readonly of: string;
}

/**
 * What a cache of responses holds; the value type of caches for `@CacheResponse`.
 *
 * @example
 * export const characterPage = defineCache<[id: string], CachedResponse>({
 *   name: 'character-page', key: (id) => [id], ttl: '10m',
 * });
 */
export type CachedResponse = StoredResponse | ResponseVariants;

/**
 * Statuses that may be stored: those that RFC 9110 §15.1 calls heuristically cacheable, without partial content and
 * without errors. An error ends with no evict: storing "not found" would hide what is created next.
 */
export const STORABLE_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** Headers that describe the content. All others belong to one exchange: they are made anew on a hit, or not sent. */
export const CONTENT_HEADERS: readonly string[] = [
  'content-type',
  'content-language',
  'content-encoding',
  'content-disposition',
  'content-location',
  'last-modified',
  'link',
  'location',
  'cache-control',
];

/** A strong entity tag of the bytes: 162 bits of their SHA-256. */
export const etagOf = (body: ResponseBody): string =>
  `"${createHash('sha256')
    .update(body ?? '')
    .digest('base64url')
    .slice(0, 27)}"`;
