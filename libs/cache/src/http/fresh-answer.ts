import { parseCacheControl } from './cache-control.js';
import type { HttpRequest } from './http-request.js';
import { responseHeader, type PlatformResponse } from './platform-response.js';
import type { ResponsePlan } from './response-plan.js';
import { addCacheStatus, addVary, describe } from './stored-answer.js';
import { etagOf, STORABLE_STATUSES, type ResponseBody, type StoredResponse } from './stored-response.js';
import { varyNames } from './vary.js';

/** Why a response is not stored; goes into `Cache-Status` as `detail`. */
type Refusal = 'status' | 'set-cookie' | 'cache-control' | 'vary' | 'size';

/** The response that a handler has just made: decides whether it is stored, and completes its headers. */
export class FreshAnswer {
  private readonly varyBefore: ReadonlySet<string>;

  constructor(
    private readonly plan: ResponsePlan,
    private readonly request: HttpRequest,
    private readonly response: PlatformResponse,
  ) {
    // Set by what runs before the handler (CORS, say), and again on every hit: not the handler's.
    this.varyBefore = new Set(varyNames(responseHeader(response, 'vary')));
  }

  /** Undefined when it must not be stored. Either way the response is ready to be sent. */
  complete(body: ResponseBody): { stored?: StoredResponse; body: ResponseBody } {
    const { plan, request, response } = this;
    const status = response.statusCode;
    const refusal = this.refusal(status, body);
    if (refusal) {
      this.refuse(refusal);
      return { body };
    }
    const headers: Record<string, string> = {};
    for (const name of plan.storedHeaders) {
      const value = responseHeader(response, name);
      if (value !== undefined) headers[name] = value;
    }
    const etag = responseHeader(response, 'etag') ?? etagOf(body);
    const stored: StoredResponse = { kind: 'response', status, headers, body, etag, at: Date.now() };
    addCacheStatus(response, plan.missStatus);
    if (!describe(stored, plan, request, response, plan.linesAt(0).cacheControl)) return { stored, body };
    response.statusCode = 304;
    for (const name of ['content-type', 'content-length', 'content-encoding']) response.removeHeader(name);
    return { stored, body: null };
  }

  private refusal(status: number, body: ResponseBody): Refusal | undefined {
    const { plan, response } = this;
    if (!STORABLE_STATUSES.has(status)) return 'status';
    if (response.getHeader('set-cookie') !== undefined) return 'set-cookie';
    const said = responseHeader(response, 'cache-control');
    if (said !== undefined) {
      const directives = parseCacheControl(said);
      const forbidden = plan.isPublic ? ['no-store', 'no-cache', 'private'] : ['no-store', 'no-cache'];
      if (forbidden.some((name) => directives.has(name))) return 'cache-control';
    }
    const unknown = varyNames(responseHeader(response, 'vary')).filter(
      (name) => !this.varyBefore.has(name) && !plan.varies.includes(name),
    );
    if (unknown.length > 0) {
      plan.warnOnce(`${plan.label} answers with Vary: ${unknown.join(', ')}, ${varyFix(unknown)}`);
      return 'vary';
    }
    return body !== null && Buffer.byteLength(body) > plan.maxBytes ? 'size' : undefined;
  }

  private refuse(refusal: Refusal): void {
    const { plan, response } = this;
    if (response.statusCode >= 400) return;
    addCacheStatus(response, `${plan.missStatus}; detail=${refusal}`);
    addVary(response, plan);
    if (response.getHeader('cache-control') === undefined)
      response.header('cache-control', 'private, no-cache');
  }
}

const varyFix = (names: readonly string[]): string =>
  names.includes('*')
    ? 'so it is never stored; remove @CacheResponse or the header.'
    : `which its key knows nothing of, so it is not stored; add vary: ['${names.join("', '")}'].`;
