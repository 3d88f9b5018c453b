import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { platformErrors } from '../errors/platform.errors.js';
import { isNestedDeeperThan } from '../json/nesting.js';
import { takesJsonAsBytes } from './bytes-body.js';

/** Far above any document of the API, far below what overflows the stack of code that walks through it. */
const MAX_NESTING = 100;

/**
 * Reads JSON bodies, and RFC 7396 merge patches, which are JSON too. An empty body is no body: many clients announce
 * JSON on every request.
 */
export function readJsonBodies(adapter: FastifyAdapter, bodyLimit: number): void {
  const fastify = adapter.getInstance<FastifyInstance>();
  // Fastify's own parser would hand text to routes that expect a document.
  fastify.removeContentTypeParser('text/plain');
  const parse = fastify.getDefaultJsonParser('error', 'error');
  for (const type of ['application/json', 'application/merge-patch+json']) {
    adapter.useBodyParser(type, false, { bodyLimit }, (request, body: Buffer, done) => {
      if (body.length === 0) return done(null, undefined);
      if (takesJsonAsBytes(request)) return done(null, body);
      void parse(request, body.toString(), (error: Error | null, document?: unknown) => {
        if (error) return done(error, undefined);
        done(tooDeep(document), document);
      });
    });
  }
}

/** @throws AppError `validation-failed` for a document nested deeper than any of the API. */
export function assertShallow(document: unknown): void {
  const fault = tooDeep(document);
  if (fault) throw fault;
}

const tooDeep = (document: unknown): Error | null =>
  isNestedDeeperThan(document, MAX_NESTING)
    ? platformErrors['validation-failed'](`The document is nested more than ${MAX_NESTING} levels deep.`)
    : null;
