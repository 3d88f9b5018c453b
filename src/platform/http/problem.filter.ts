import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../errors/app-error.js';
import { platformErrors } from '../errors/platform.errors.js';
import { errorFormatOf } from './error-format.js';
import { PROBLEM_TYPE, toAppError, toProblem } from './problem.js';
import { RouteTable } from './route-table.js';

/** Every error of an HTTP request leaves here, as a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly routes: RouteTable) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    // Gateways answer through filters of their own; here there is no reply to write to.
    if (host.getType() !== 'http') throw thrown;
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = request.is404 ? this.unrouted(request, reply) : toAppError(thrown);
    this.log(error, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    sendProblem(error, request, reply);
  }

  private unrouted(request: FastifyRequest, reply: FastifyReply): AppError {
    const path = pathOf(request.url);
    const allowed = this.routes.methodsOf(path);
    if (allowed.length === 0) return platformErrors['not-found'](`There is nothing at ${path}.`);
    reply.header('allow', allowed.join(', '));
    return platformErrors['method-not-allowed'](
      `${path} accepts ${allowed.join(', ')}, not ${request.method}.`,
    );
  }

  private log(error: AppError, request: FastifyRequest): void {
    const entry = { msg: error.message, code: error.code, requestId: request.id, err: error.cause ?? error };
    if (error.kind === 'internal') this.logger.error(entry);
    else if (error.status >= 500) this.logger.warn(entry);
    else this.logger.debug({ ...entry, err: undefined });
  }
}

/** Answers with the problem document of an error, or its path's own form; also used where no Nest filter runs. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const path = pathOf(request.url);
  const problem = toProblem(error, { instance: path, requestId: request.id });
  if (problem.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.max(1, Math.ceil(problem.retryAfterMs / 1000))));
  }
  // RFC 9110 §15.5.2: every 401 names a scheme; the guard may have said more.
  if (problem.status === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', 'Bearer');
  // A representation header that the handler set before it failed describes the answer that was not sent.
  for (const name of ['etag', 'content-length', 'content-disposition', 'location']) reply.removeHeader(name);
  const formatted = errorFormatOf(path)?.(problem);
  if (formatted) {
    const { status, headers = {}, body } = formatted;
    void reply
      .code(status)
      .headers({ 'content-type': 'application/json; charset=utf-8', ...headers })
      .send(body);
    return;
  }
  void reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** The path of a request target, without its query (which may carry tokens). */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;
