import { Header } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyTag, noneMatchHits } from './etag.js';

/** For answers that no cache may keep, such as tokens. */
export const NoStore = (): MethodDecorator => Header('Cache-Control', 'no-store');

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/** Installs `Cache-Control`, `Vary`, `ETag` and 304 on every answer whose route has not chosen its own. */
export function installAnswerHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    setCacheControl(request, reply);
    done(null, conditional(request, reply, payload));
  });
}

function setCacheControl(request: FastifyRequest, reply: FastifyReply): void {
  const known = (request as FastifyRequest & { actor?: unknown }).actor !== undefined;
  if (known || reply.statusCode === 401)
    reply.header('vary', varyWith(reply.getHeader('vary'), 'Authorization'));
  if (reply.hasHeader('cache-control')) return;
  if (!isRead(request) || reply.statusCode >= 400) reply.header('cache-control', 'no-store');
  else reply.header('cache-control', known ? 'private, no-cache' : 'no-cache');
}

function varyWith(current: ReturnType<FastifyReply['getHeader']>, name: string): string {
  const names = current === undefined ? [] : String(current).split(/\s*,\s*/);
  return names.some((known) => known.toLowerCase() === name.toLowerCase())
    ? names.join(', ')
    : [...names, name].join(', ');
}

function conditional(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (!isRead(request) || reply.statusCode !== 200) return payload;
  const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : undefined;
  const noStore = String(reply.getHeader('cache-control')).includes('no-store');
  if (!reply.hasHeader('etag') && body !== undefined && !noStore) reply.header('etag', bodyTag(body));
  const etag = reply.getHeader('etag');
  const asked = request.headers['if-none-match'];
  if (asked === undefined || typeof etag !== 'string' || !noneMatchHits(asked, etag)) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return null;
}
