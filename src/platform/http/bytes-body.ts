import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { platformErrors } from '../errors/platform.errors.js';
import { readForm, type FormBody } from './form-body.js';
import { boundLargeBodies } from './large-bodies.js';

const IMAGES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const;
const BYTE_TYPES = [
  ...IMAGES,
  'image/apng',
  'application/octet-stream',
  'application/zip',
  'application/x-zip-compressed',
] as const;

/** Parsed for every other route, so its bytes are left to the parser of JSON. */
const JSON_TYPE = 'application/json';

const FORM = 'multipart/form-data';
/** For the boundaries, headers and texts of a form. */
const FORM_OVERHEAD = 65_536;

export type ByteType = (typeof BYTE_TYPES)[number] | typeof JSON_TYPE;

/** The media types of pictures. What the bytes really are is for the route to find out. */
export const IMAGE_TYPES: readonly ByteType[] = IMAGES;

export interface BytesAccepted {
  types: readonly ByteType[];
  /** Largest body in bytes; 413 beyond it. */
  limit: number;
  /** Whether they may also come as the one file of a `multipart/form-data` form. @default false */
  form?: boolean;
}

/** A body that is not JSON, as it came. */
export interface BytesBody {
  type: ByteType;
  content: Buffer;
  /** As the sender calls it; only a form says so. */
  fileName?: string;
  /** What a form had beside the file. */
  fields: Record<string, string>;
}

/**
 * A route whose body is bytes of these media types rather than a JSON document; everything else is 415. Not for routes that
 * are `@Public()`: who is calling is asked before the body is read.
 */
export const AcceptsBytes = (accepted: BytesAccepted): MethodDecorator =>
  applyDecorators(
    RouteConfig({ bytes: accepted }),
    ApiConsumes(...accepted.types, ...(accepted.form ? [FORM] : [])),
    ApiBody({ schema: { type: 'string', format: 'binary' } }),
  );

/** The {@link BytesBody} of a route with {@link AcceptsBytes}. */
export const Bytes = createParamDecorator((_data: unknown, context: ExecutionContext): BytesBody => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const body = request.body as Buffer | FormBody | undefined;
  const isForm = typeof body === 'object' && 'fields' in body;
  if (!isForm && !Buffer.isBuffer(body)) throw wrongType(request);
  const bytes = isForm ? body : { type: mediaType(request), content: body, fields: {} };
  if (bytes.content.length > 0) return bytes as BytesBody;
  throw platformErrors['validation-failed']('The body is empty; send the bytes.');
});

/** Whether the route of this request has {@link AcceptsBytes}. */
export const takesBytes = ({ routeOptions }: FastifyRequest): boolean =>
  bytesOf(routeOptions.config) !== undefined;

/** Whether the route of this request takes JSON as bytes, too: what it reads may be JSON in other ways than a body is. */
export const takesJsonAsBytes = ({ routeOptions }: FastifyRequest): boolean =>
  bytesOf(routeOptions.config)?.types.includes(JSON_TYPE) ?? false;

const bytesOf = (config: unknown): BytesAccepted | undefined =>
  (config as { bytes?: BytesAccepted } | undefined)?.bytes;

/** Only routes that declare it read such bodies, and none reads more, or of another type, than it declares. */
export function readByteBodies(fastify: FastifyInstance): void {
  const bound = boundLargeBodies();
  fastify.addHook('onRoute', (route) => {
    const limit = bytesOf(route.config)?.limit;
    if (limit === undefined) return;
    route.bodyLimit = limit;
    // Hooks of a route run after those of all routes, and so only for a caller who is known.
    route.preParsing = [assertType, bound];
  });
  for (const type of [...BYTE_TYPES, FORM]) {
    fastify.addContentTypeParser(type, (request, payload, done) => {
      const bytes = bytesOf(request.routeOptions.config);
      if (!bytes) return done(wrongType(request), undefined);
      const limit = type === FORM ? bytes.limit + FORM_OVERHEAD : bytes.limit;
      const read = async (): Promise<Buffer | FormBody> => {
        const content = await readAll(payload, limit);
        return type === FORM ? formOf(request, content, bytes) : content;
      };
      read().then(
        (body) => done(null, body),
        (error: Error) => done(error, undefined),
      );
    });
  }
}

/** Before it is read: as JSON, a body could be as large as bytes may be and would be parsed before it is refused. */
const assertType: preParsingHookHandler = (request, _reply, payload, done) => {
  const { types, form = false } = bytesOf(request.routeOptions.config)!;
  const type = mediaType(request);
  // Without a type there is no parser, and so nothing is read.
  const takes = type === '' || (type === FORM ? form : types.some((known) => known === type));
  done(takes ? null : wrongType(request), payload);
};

async function formOf(request: FastifyRequest, body: Buffer, accepted: BytesAccepted): Promise<FormBody> {
  const form = await readForm(body, request.headers['content-type'] ?? '');
  if (!accepted.types.includes(form.type as ByteType)) throw wrongType(request);
  if (form.content.length > accepted.limit) throw tooLarge(accepted.limit);
  return form;
}

async function readAll(payload: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(payload.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed where it is left early: that would close the connection before the refusal is sent.
  for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

const tooLarge = (limit: number): Error =>
  platformErrors['payload-too-large'](`The body is larger than the ${limit} bytes that this route takes.`);

function wrongType(request: FastifyRequest): Error {
  const bytes = bytesOf(request.routeOptions.config);
  const wanted = bytes ? [...bytes.types, ...(bytes.form ? [FORM] : [])].join(', ') : 'application/json';
  return platformErrors['unsupported-media-type'](
    `This route does not read that Content-Type; send ${wanted}.`,
  );
}

const mediaType = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
