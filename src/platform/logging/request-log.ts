import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

// Probes come every few seconds from every node; they would be most of the log.
const QUIET_ROUTES = new Set(['/livez', '/readyz', '/startupz', '/health', '/metrics']);

/** One line per answered request. The route pattern is logged, not the path, so ids and queries stay out. */
export function installRequestLog(fastify: FastifyInstance): void {
  const logger = new Logger('Http');
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    const entry = {
      msg: 'request',
      requestId: request.id,
      method: request.method,
      route: route ?? '(none)',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    if (route !== undefined && QUIET_ROUTES.has(route)) logger.debug(entry);
    else logger.log(entry);
    done();
  });
}
