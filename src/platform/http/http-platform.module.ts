import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { IdempotencyInterceptor } from '../idempotency/idempotency.interceptor.js';
import { IdempotencyKeysRepository } from '../idempotency/idempotency-keys.repository.js';
import { IdempotencySweep } from '../idempotency/idempotency.sweep.js';
import { Shutdown } from '../shutdown/shutdown.js';
import { PageLinksInterceptor } from '../pagination/page-links.interceptor.js';
import { ProblemFilter } from './problem.filter.js';
import { ProducesInterceptor } from './produces.interceptor.js';
import { RouteTable } from './route-table.js';
import { SseConnections } from './sse-connections.js';
import { RequestValidationPipe } from './validation.pipe.js';
import { VersionedInterceptor } from './versioned.interceptor.js';

/**
 * The global filter, pipe and interceptors of the API, outermost first: an idempotent answer is stored with the headers
 * that the inner interceptors gave it. `configureHttp` installs what only Fastify can do.
 */
@Global()
@Module({
  providers: [
    RouteTable,
    Shutdown,
    SseConnections,
    IdempotencyKeysRepository,
    IdempotencySweep,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: RequestValidationPipe },
    { provide: APP_INTERCEPTOR, useClass: ProducesInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_INTERCEPTOR, useClass: VersionedInterceptor },
    { provide: APP_INTERCEPTOR, useClass: PageLinksInterceptor },
  ],
  exports: [RouteTable, Shutdown, SseConnections],
})
export class HttpPlatformModule {}
