import { headerOf, type HttpRequest } from './http-request.js';

/** Opaque tags of a list; commas may stand inside the quotes. `W/` in front does not count in a weak comparison. */
const OPAQUE_TAG = /"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * Whether the client's copy is the current one (RFC 9110 §13.1.2 and §13.1.3). `If-Modified-Since` counts only
 * without `If-None-Match`, and only against a `Last-Modified` that the handler gave.
 */
export function isNotModified(request: HttpRequest, etag: string, lastModified: string | undefined): boolean {
  const noneMatch = headerOf(request, 'if-none-match');
  if (noneMatch !== undefined) return matches(noneMatch, etag);
  const since = headerOf(request, 'if-modified-since');
  if (since === undefined || lastModified === undefined) return false;
  return Date.parse(lastModified) <= Date.parse(since);
}

function matches(header: string, etag: string): boolean {
  if (header === etag || header.trim() === '*') return true;
  const opaque = etag.startsWith('W/') ? etag.slice(2) : etag;
  return header.match(OPAQUE_TAG)?.includes(opaque) ?? false;
}
