import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Observable, tap } from 'rxjs';
import { cacheStatusHeader, runWithCacheStatus } from './cache-status.js';

/**
 * Adds `Cache-Status` (RFC 9211) to HTTP responses: one member for each cached read the handler made, at most ten.
 * Works on Fastify and Express. Reads made by guards happen before interceptors and are not listed.
 */
@Injectable()
export class CacheStatusInterceptor implements NestInterceptor {
  constructor(private readonly host: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const addHeader = (): void => {
      const header = cacheStatusHeader();
      const response: unknown = context.switchToHttp().getResponse();
      const { httpAdapter } = this.host;
      if (header && !httpAdapter.isHeadersSent(response))
        httpAdapter.setHeader(response, 'Cache-Status', header);
    };
    // The handler runs on subscription, so the scope is opened there.
    return new Observable((subscriber) =>
      runWithCacheStatus(() => {
        const handled = next.handle().pipe(tap({ next: addHeader, error: addHeader }));
        const subscription = handled.subscribe(subscriber);
        return () => subscription.unsubscribe();
      }),
    );
  }
}
