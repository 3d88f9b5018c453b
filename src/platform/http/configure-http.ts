import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Degradations } from '../degraded/degradations.js';
import { installDegradedHeader } from '../degraded/degraded-header.js';
import { installRequestLog } from '../logging/request-log.js';
import { installShutdownAnswers } from '../shutdown/shutdown-answers.js';
import { Shutdown } from '../shutdown/shutdown.js';
import { installHttpMetrics } from '../metrics/http-metrics.js';
import { Metrics } from '../metrics/metrics.js';
import { installAnswerHeaders } from './answer-headers.js';
import { RouteTable } from './route-table.js';
import { ServerSettings } from './server.settings.js';

const EXPOSED_HEADERS = [
  'ETag',
  'Link',
  'Location',
  'Retry-After',
  'X-Request-Id',
  'X-Degraded',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Server-Timing',
];
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Installs the HTTP conventions of the API on an application made with `createHttpAdapter`. Call it before `init()` or
 * `listen()`: routes registered earlier would escape it.
 */
export function configureHttp(app: NestFastifyApplication): void {
  const settings = app.get(ServerSettings);
  const routes = app.get(RouteTable);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', ({ url, method }) => routes.add(url, method));
  installAnswerHeaders(fastify);
  installDegradedHeader(fastify, app.get(Degradations));
  installRequestLog(fastify);
  installHttpMetrics(fastify, app.get(Metrics));
  installShutdownAnswers(fastify, app.get(Shutdown));
  if (settings.corsOrigins.length > 0) {
    app.enableCors({
      origin: settings.corsOrigins.includes('*') ? '*' : settings.corsOrigins,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      // No route takes a cookie for who is calling; one of them sets a cookie that its callback asks for.
      credentials: !settings.corsOrigins.includes('*'),
      maxAge: PREFLIGHT_MAX_AGE_S,
    });
  }
}
