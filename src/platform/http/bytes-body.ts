import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { platformErrors } from '../errors/platform.errors.js';

const IMAGES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const;
const BYTE_TYPES = [...IMAGES, 'application/octet-stream', 'application/zip'] as const;

export type ByteType = (typeof BYTE_TYPES)[number];

/** The media types of pictures. What the bytes really are is for the route to find out. */
export const IMAGE_TYPES: readonly ByteType[] = IMAGES;

export interface BytesAccepted {
  types: readonly ByteType[];
  /** Largest body in bytes; 413 beyond it. */
  limit: number;
}

/** A body that is not JSON, as it came. */
export interface BytesBody {
  type: ByteType;
  content: Buffer;
}

/** A route whose body is bytes of these media types rather than a JSON document; everything else is 415. */
export const AcceptsBytes = (accepted: BytesAccepted): MethodDecorator =>
  applyDecorators(
    RouteConfig({ bytes: accepted }),
    ApiConsumes(...accepted.types),
    ApiBody({ schema: { type: 'string', format: 'binary' } }),
  );

/** The {@link BytesBody} of a route with {@link AcceptsBytes}. */
export const Bytes = createParamDecorator((_data: unknown, context: ExecutionContext): BytesBody => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { body } = request;
  if (!Buffer.isBuffer(body)) throw wrongType(request);
  if (body.length === 0) throw platformErrors['validation-failed']('The body is empty; send the bytes.');
  return { type: mediaType(request) as ByteType, content: body };
});

/** Only routes that declare it read such bodies, and none reads more than it declares. */
export function readByteBodies(fastify: FastifyInstance): void {
  for (const type of BYTE_TYPES) {
    fastify.addContentTypeParser(type, (request, payload, done) => {
      const { bytes } = request.routeOptions.config as { bytes?: BytesAccepted };
      if (!bytes?.types.includes(type)) return done(wrongType(request), undefined);
      readAll(payload, bytes.limit).then(
        (content) => done(null, content),
        (error: Error) => done(error, undefined),
      );
    });
  }
}

async function readAll(payload: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): Error =>
    platformErrors['payload-too-large'](`The body is larger than the ${limit} bytes that this route takes.`);
  if (Number(payload.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function wrongType(request: FastifyRequest): Error {
  const { bytes } = request.routeOptions.config as { bytes?: BytesAccepted };
  const wanted = bytes ? bytes.types.join(', ') : 'application/json';
  return platformErrors['unsupported-media-type'](
    `This route does not read that Content-Type; send ${wanted}.`,
  );
}

const mediaType = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
