import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { platformErrors } from '../errors/platform.errors.js';
import { Produces } from './produces.interceptor.js';

const SSE_TYPE = 'text/event-stream';

/** Where a client stands in an event stream: `<epoch>.<seq>`, as the ids of server-sent events carry it. */
export interface StreamPosition {
  epoch: string;
  after: number;
}

/** Marks a route that answers with a stream that can be resumed, or 204 to a client that has seen all of it. */
export const ResumableStream = (): MethodDecorator =>
  applyDecorators(
    Produces(SSE_TYPE),
    ApiProduces(SSE_TYPE),
    ApiHeader({ name: 'Last-Event-ID', required: false }),
    ApiQuery({ name: 'after', required: false, description: 'The same as Last-Event-ID.' }),
    ApiResponse({ status: 200, description: 'The stream', schema: { type: 'string' } }),
    ApiResponse({ status: 204, description: 'Ended, and everything was seen' }),
  );

/**
 * What the client has seen, from `Last-Event-ID` or `?after=`; undefined for nothing yet.
 * @throws validation-failed for what is no id of an event
 */
export const LastSeen = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { headers, query } = context.switchToHttp().getRequest<FastifyRequest>();
  return positionOf(headers['last-event-id'] ?? (query as { after?: unknown }).after);
});

function positionOf(id: unknown): StreamPosition | undefined {
  if (id === undefined || id === '') return undefined;
  const [, epoch, seq] = (typeof id === 'string' && /^(.+)\.(\d{1,15})$/.exec(id)) || [];
  if (epoch !== undefined) return { epoch, after: Number(seq) };
  throw platformErrors['validation-failed'](
    'Last-Event-ID (or ?after=) is the id of an event: <epoch>.<seq>.',
  );
}
