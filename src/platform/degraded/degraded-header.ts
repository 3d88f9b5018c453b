import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Degradations } from './degradations.js';

const HEADER = 'x-degraded';

/** `X-Degraded: cache,events` on every answer while those are degraded (contract 2.0.9). */
export function installDegradedHeader(fastify: FastifyInstance, degradations: Degradations): void {
  const mark = (reply: FastifyReply): void => {
    const names = degradations.active();
    if (names.length > 0) reply.header(HEADER, names.join(','));
    else reply.removeHeader(HEADER);
  };
  // At the beginning for event streams, whose headers leave before any `onSend`; at the end for what has changed since.
  fastify.addHook('onRequest', (_request, reply, done) => {
    mark(reply);
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    mark(reply);
    done(null, payload);
  });
}
