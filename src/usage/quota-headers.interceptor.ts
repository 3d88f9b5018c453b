import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { tap, type Observable } from 'rxjs';
import { addRateHeaders } from '../platform/rate-limit/rate-headers.js';
import { exceededPolicies } from './usage.headers.js';

/** Puts the rate headers on a `quota-exceeded` answer; on a granted one the route sets them from its reservation. */
@Injectable()
export class QuotaHeadersInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next
      .handle()
      .pipe(tap({ error: (error: unknown) => addRateHeaders(reply, exceededPolicies(error)) }));
  }
}
