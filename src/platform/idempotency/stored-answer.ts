import type { FastifyReply, FastifyRequest } from 'fastify';
import { pathOf } from '../http/problem.filter.js';
import { PROBLEM_TYPE, toAppError, toProblem } from '../http/problem.js';
import type { StoredAnswer } from './idempotency-keys.repository.js';

const KEPT_HEADERS = ['location', 'etag', 'content-location'];
/** Refusals that say nothing about the request itself; the next try may well pass. */
const PASSING_STATUS = new Set([401, 408, 429]);

/** What to keep of a successful answer; undefined for a stream or a fault, which are not repeated. */
export function answerOf(body: unknown, reply: FastifyReply): StoredAnswer | undefined {
  const streamed =
    reply.sent || (typeof body === 'object' && body !== null && ('pipe' in body || 'getStream' in body));
  if (streamed || reply.statusCode >= 500) return undefined;
  const text = body === undefined || body === null ? null : JSON.stringify(body);
  return { status: reply.statusCode, headers: keptHeaders(reply), body: text };
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/** What to keep of a refusal; undefined where the next try may well pass. */
export function problemAnswer(thrown: unknown, request: FastifyRequest): StoredAnswer | undefined {
  const error = toAppError(thrown);
  if (error.status >= 500 || error.code === 'request-in-progress' || PASSING_STATUS.has(error.status))
    return undefined;
  const problem = toProblem(error, { instance: pathOf(request.url), requestId: request.id });
  return { status: error.status, headers: { 'content-type': PROBLEM_TYPE }, body: JSON.stringify(problem) };
}

/** Puts a kept answer on the reply and gives its body. */
export function replay({ status, headers, body }: StoredAnswer, reply: FastifyReply): unknown {
  reply.code(status).headers({ 'idempotency-replayed': 'true' });
  if (body === null) {
    const { 'content-type': _unused, ...rest } = headers;
    reply.headers(rest);
    return undefined;
  }
  reply.headers(headers);
  return body;
}
