import {
  Injectable,
  Optional,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { from, isObservable, mergeMap, of, type Observable } from 'rxjs';
import { respond } from './respond.js';
import { ResponsePlans } from './response-plans.js';

/**
 * Answers the routes of `@CacheResponse` where it stands, instead of at the handler: interceptors inside of it do not
 * run on hits. For interceptors that cannot bear to see a stored text in place of the handler's value; each hit costs
 * as much more as Nest needs for an interceptor. Without `@CacheResponse` on the route it does nothing.
 *
 * @example
 * providers: [
 *   { provide: APP_INTERCEPTOR, useClass: HttpCacheInterceptor },   // first: outermost
 *   { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
 * ]
 */
@Injectable()
export class HttpCacheInterceptor implements NestInterceptor {
  constructor(@Optional() private readonly plans?: ResponsePlans) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!this.plans || context.getType() !== 'http') return next.handle();
    const answer = respond(this.plans, context, () => next.handle());
    if (isObservable(answer)) return answer;
    return from(Promise.resolve(answer)).pipe(mergeMap((value) => (isObservable(value) ? value : of(value))));
  }
}
