import { isRecordingStatus } from './cache-status.js';
import type { HttpRequest } from './http-request.js';
import { isNotModified } from './not-modified.js';
import { replaceContent, responseHeader, type PlatformResponse } from './platform-response.js';
import type { ResponsePlan } from './response-plan.js';
import type { StoredResponse } from './stored-response.js';
import { varyWith } from './vary.js';

const NO_HEADERS = {};

/** Where a stored response came from: this process's memory, the tier behind it, or a load that others waited for. */
export type HitSource = 'l1' | 'l2' | 'collapsed';

/** Prepares a stored response (or a 304) to be sent; answers what interceptors further out are shown. */
export function answerFrom(
  stored: StoredResponse,
  source: HitSource,
  plan: ResponsePlan,
  request: HttpRequest,
  response: PlatformResponse,
): string | undefined {
  const lines = plan.linesAt(plan.ageOf(stored));
  const { headers, body } = stored;
  const notModified = describe(stored, plan, request, response, lines.cacheControl);
  if (source !== 'collapsed') response.header('age', lines.ageText);
  // What the engine records is added to the response by the interceptor that asked for it.
  if (!isRecordingStatus()) addCacheStatus(response, lines[source]);
  if (notModified) {
    response.statusCode = 304;
    replaceContent(response, null, NO_HEADERS);
    return undefined;
  }
  response.statusCode = stored.status;
  replaceContent(response, body, headers);
  return typeof body === 'string' ? body : undefined;
}

/** Sets what a 200 and a 304 have in common (RFC 9110 §15.4.5); answers whether it is to be a 304. */
export function describe(
  stored: Pick<StoredResponse, 'status' | 'headers' | 'etag'>,
  plan: ResponsePlan,
  request: HttpRequest,
  response: PlatformResponse,
  cacheControl: string,
): boolean {
  const { headers, etag, status } = stored;
  response.header('etag', etag);
  response.header('cache-control', headers['cache-control'] ?? cacheControl);
  addVary(response, plan);
  if (headers['content-location'] !== undefined)
    response.header('content-location', headers['content-location']);
  return status < 300 && isNotModified(request, etag, headers['last-modified']);
}

export function addVary(response: PlatformResponse, plan: ResponsePlan): void {
  if (plan.vary === '') return;
  const before = responseHeader(response, 'vary');
  response.header('vary', before === undefined ? plan.vary : varyWith(before, plan.varies));
}

/** Caches list themselves in the order in which the response passed them (RFC 9211 §2). */
export function addCacheStatus(response: PlatformResponse, member: string): void {
  const before = responseHeader(response, 'cache-status');
  response.header('cache-status', before === undefined ? member : `${before}, ${member}`);
}
