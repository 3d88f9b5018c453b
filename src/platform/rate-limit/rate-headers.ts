import type { FastifyReply } from 'fastify';

/** How a caller stands with one policy. */
export interface PolicyState {
  name: string;
  quota: number;
  windowSeconds: number;
  /** What is counted, where it is not requests. */
  unit?: string;
  remaining: number;
  /** Until there is more; on a refusal the answer's `retryAfterMs`. */
  resetsInMs: number;
}

/** The same in the ack of a socket event, with the parameters of the headers. */
export interface RateLimitState {
  name: string;
  /** Quota of a window. */
  q: number;
  /** Seconds of a window. */
  w: number;
  /** What is counted, where it is not requests. */
  qu?: string;
  /** What remains. */
  r: number;
  /** Seconds until there is more. */
  t: number;
}

export const toRateLimits = (states: readonly PolicyState[]): RateLimitState[] =>
  states.map(({ name, quota, windowSeconds, unit, remaining, resetsInMs }) => ({
    name,
    q: quota,
    w: windowSeconds,
    ...(unit === undefined ? {} : { qu: unit }),
    r: remaining,
    t: Math.max(1, Math.ceil(resetsInMs / 1000)),
  }));

/**
 * Adds policies to `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) of an answer, after those
 * that are there: a request may be counted by several. Nothing where nothing is limited.
 */
export function addRateHeaders(reply: FastifyReply, states: readonly PolicyState[]): void {
  if (states.length === 0) return;
  const limits = toRateLimits(states);
  append(
    reply,
    'RateLimit-Policy',
    limits.map(({ name, q, w, qu }) => `"${name}";q=${q};w=${w}${qu === undefined ? '' : `;qu="${qu}"`}`),
  );
  append(
    reply,
    'RateLimit',
    limits.map(({ name, r, t }) => `"${name}";r=${r};t=${t}`),
  );
}

function append(reply: FastifyReply, name: string, items: readonly string[]): void {
  const current = reply.getHeader(name);
  reply.header(name, [...(current === undefined ? [] : [String(current)]), ...items].join(', '));
}
