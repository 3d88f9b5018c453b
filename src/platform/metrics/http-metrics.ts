import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * How long answers took, event streams to their end. By the pattern of the route, never by the path: ids in it would
 * make a series each.
 */
export function installHttpMetrics(fastify: FastifyInstance, metrics: Metrics): void {
  const duration = metrics.histogram({
    name: 'http_request_duration_seconds',
    help: 'From the request to the last byte of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_S,
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)';
    // The parser knows some thirty methods; those of no route say nothing.
    const method = request.routeOptions.url === undefined ? '(any)' : request.method;
    duration.observe({ method, route, status: reply.raw.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}
