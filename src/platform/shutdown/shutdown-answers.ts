import type { FastifyInstance, FastifyReply } from 'fastify';
import { platformErrors } from '../errors/platform.errors.js';
import { sendProblem } from '../http/problem.filter.js';
import type { Shutdown } from './shutdown.js';

const RETRY_MS = 1_000;

/**
 * Lets go of kept-alive connections once the process is leaving, so that clients take their next request elsewhere, and
 * refuses what comes while it closes; without this, Fastify would answer a 503 of its own that is no problem document.
 */
export function installShutdownAnswers(fastify: FastifyInstance, shutdown: Shutdown): void {
  const mark = (reply: FastifyReply): void => {
    if (shutdown.leaving) reply.header('connection', 'close');
  };
  // At the beginning for event streams, whose headers leave before any `onSend`; at the end for what has begun since.
  fastify.addHook('onRequest', (_request, reply, done) => {
    mark(reply);
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    mark(reply);
    done(null, payload);
  });
  // After all `onRequest` hooks, so that the refusal has the headers of every answer.
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (!shutdown.closing) return done(null, payload);
    const refusal = platformErrors.unavailable('This instance is shutting down; send it again.', {
      retryAfterMs: RETRY_MS,
    });
    sendProblem(refusal, request, reply);
  });
}
