import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '../ids/ids.js';
import { readByteBodies } from './bytes-body.js';
import { readJsonBodies } from './json-body.js';
import { sendProblem } from './problem.filter.js';
import { runInRequestContext, type RequestContext } from './request-context.js';
import { securityHeaders } from './security-headers.js';
import type { ServerSettings } from './server.settings.js';

const REQUEST_ID = /^[A-Za-z0-9._:/+=-]{1,128}$/;
// Long enough for an import over a slow line, short enough to shed clients that trickle bytes.
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_PARAM_LENGTH = 256;

/** The Fastify adapter with everything that must be in place before Nest registers its own hooks and routes. */
export function createHttpAdapter(settings: ServerSettings): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: settings.bodyLimit,
    trustProxy: trustedProxies(settings.trustProxy),
    requestTimeout: REQUEST_TIMEOUT_MS,
    requestIdHeader: false,
    genReqId: requestIdOf,
    exposeHeadRoutes: true,
    // Refused as a problem by installShutdownAnswers instead.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      // The router refuses before any hook has run.
      reply.headers({ ...securityHeaders(settings.publicUrl), 'x-request-id': request.id });
      sendProblem(error, request, reply);
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  openContexts(fastify, settings);
  readJsonBodies(adapter, settings.bodyLimit);
  readByteBodies(fastify);
  return adapter;
}

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
}

function trustedProxies(proxies: readonly string[]): boolean | string[] {
  const [first] = proxies;
  if (proxies.length === 1 && (first === 'true' || first === '*')) return true;
  return first === undefined || first === 'false' ? false : [...proxies];
}

function openContexts(fastify: FastifyInstance, settings: ServerSettings): void {
  const contexts = new WeakMap<object, RequestContext>();
  const fixed = securityHeaders(settings.publicUrl);
  fastify.addHook('onRequest', (request, reply, done) => {
    const context = { requestId: request.id, queries: 0 };
    contexts.set(request, context);
    reply.headers({ ...fixed, 'x-request-id': request.id });
    runInRequestContext(context, done);
  });
  // The body arrives in events of the connection, which belong to no request; re-enter after it was read.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const context = contexts.get(request);
    if (context) runInRequestContext(context, done);
    else done();
  });
  if (!settings.serverTiming) return;
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const queries = contexts.get(request)?.queries ?? 0;
    reply.header('server-timing', `db;desc="${queries} ${queries === 1 ? 'query' : 'queries'}"`);
    done(null, payload);
  });
}
