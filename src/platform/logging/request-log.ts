import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

// Probes come every few seconds from every node; they would be most of the log.
const QUIET_ROUTES = new Set(['/livez', '/readyz', '/startupz', '/api/health', '/metrics']);

/** One line per answered request. The route pattern is logged, not the path, so ids and queries stay out. */
export function installRequestLog(fastify: FastifyInstance): void {
  const logger = new Logger('Http');
  fastify.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    // 'close' also comes for answers that the client did not wait for, event streams among them; onResponse does not.
    reply.raw.once('close', () => {
      const route = request.routeOptions.url;
      const entry = {
        msg: 'request',
        requestId: request.id,
        method: request.method,
        route: route ?? '(none)',
        status: reply.raw.statusCode,
        ms: Math.round((performance.now() - started) * 10) / 10,
        ...(reply.raw.writableFinished ? {} : { aborted: true }),
      };
      if (route !== undefined && QUIET_ROUTES.has(route)) logger.debug(entry);
      else logger.log(entry);
    });
    done();
  });
}
