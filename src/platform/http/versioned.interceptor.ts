import {
  Injectable,
  SetMetadata,
  type CallHandler,
  type CustomDecorator,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { versionTag } from './etag.js';

const VERSION_OF = 'rapport:version-of';

type VersionOf = (body: never) => number | undefined;

const ownVersion = (body: { version?: number }): number | undefined => body.version;

/**
 * Marks a route whose answer has a version, which becomes its ETag.
 *
 * @example
 * @Versioned()                                              // body.version
 * @Versioned((body: ImportResult) => body.character.version)
 */
export const Versioned = <Body>(versionOf?: (body: Body) => number | undefined): CustomDecorator =>
  SetMetadata(VERSION_OF, versionOf ?? ownVersion);

@Injectable()
export class VersionedInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const versionOf = this.reflector.get<VersionOf | undefined>(VERSION_OF, context.getHandler());
    if (!versionOf) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body: unknown) => {
        const version = body && typeof body === 'object' ? versionOf(body as never) : undefined;
        if (version !== undefined) reply.header('etag', versionTag(version));
        return body;
      }),
    );
  }
}
