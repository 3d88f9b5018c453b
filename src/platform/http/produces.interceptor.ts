import {
  Injectable,
  SetMetadata,
  type CallHandler,
  type CustomDecorator,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { platformErrors } from '../errors/platform.errors.js';
import { negotiate } from './media-types.js';

const PRODUCES = 'rapport:produces';
const JSON_ONLY = ['application/json'];

/** The media types a route can answer with; JSON unless said otherwise. */
export const Produces = (...types: [string, ...string[]]): CustomDecorator => SetMetadata(PRODUCES, types);

/** 406 before any work is done for an answer that the client could not read. */
@Injectable()
export class ProducesInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const offered =
      this.reflector.getAllAndOverride<string[] | undefined>(PRODUCES, [
        context.getHandler(),
        context.getClass(),
      ]) ?? JSON_ONLY;
    const { accept } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (negotiate(accept, offered) === undefined) {
      throw platformErrors['not-acceptable'](
        `This route answers with ${offered.join(' or ')}; ask for that.`,
      );
    }
    return next.handle();
  }
}
