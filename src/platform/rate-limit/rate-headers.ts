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

/**
 * Adds policies to `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) of an answer, after those
 * that are there: a request may be counted by several. Nothing where nothing is limited.
 */
export function addRateHeaders(reply: FastifyReply, states: readonly PolicyState[]): void {
  if (states.length === 0) return;
  append(
    reply,
    'RateLimit-Policy',
    states.map(({ name, quota, windowSeconds, unit }) => {
      const counted = unit === undefined ? '' : `;qu="${unit}"`;
      return `"${name}";q=${quota};w=${windowSeconds}${counted}`;
    }),
  );
  append(
    reply,
    'RateLimit',
    states.map(
      ({ name, remaining, resetsInMs }) =>
        `"${name}";r=${remaining};t=${Math.max(1, Math.ceil(resetsInMs / 1000))}`,
    ),
  );
}

function append(reply: FastifyReply, name: string, items: readonly string[]): void {
  const current = reply.getHeader(name);
  reply.header(name, [...(current === undefined ? [] : [String(current)]), ...items].join(', '));
}
