import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { platformErrors } from '../errors/platform.errors.js';
import { describeIfMatch } from '../openapi/if-match.header.js';
import { parseEntityTags, versionTag } from './etag.js';

/** The versions an `If-Match` header accepts; `*` accepts any that exists. */
export interface Precondition {
  readonly tags: '*' | readonly string[];
}

/** The parsed `If-Match` of a request, or undefined without one: `@IfMatch() ifMatch: Precondition | undefined`. */
export const IfMatch = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    preconditionOf(context.switchToHttp().getRequest<FastifyRequest>()),
  [describeIfMatch({ required: false })],
);

/** As {@link IfMatch}, for writes that must not be blind: without the header the answer is 428. */
export const IfMatchRequired = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => {
    const precondition = preconditionOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (precondition) return precondition;
    throw platformErrors['precondition-required'](
      'Send If-Match with the ETag of the version that you have read, or * to overwrite any.',
    );
  },
  [describeIfMatch({ required: true })],
);

/** @throws AppError `precondition-failed` unless the precondition is absent or accepts the current version. */
export function assertMatch(version: number, precondition: Precondition | undefined): void {
  if (!precondition || precondition.tags === '*') return;
  if (precondition.tags.includes(versionTag(version))) return;
  throw platformErrors['precondition-failed'](
    `The current version is ${versionTag(version)}; read it, apply the change again and send its ETag.`,
  );
}

function preconditionOf({ headers }: FastifyRequest): Precondition | undefined {
  const header = headers['if-match'];
  if (header === undefined) return undefined;
  const tags = parseEntityTags(header);
  if (tags === undefined) {
    throw platformErrors['precondition-failed']('If-Match must be * or quoted entity tags such as "7".');
  }
  // If-Match compares strongly, so a weak tag matches nothing (RFC 9110 §13.1.1).
  return { tags: tags === '*' ? '*' : tags.filter(({ weak }) => !weak).map(({ tag }) => tag) };
}
