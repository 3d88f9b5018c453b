import { createHash } from 'node:crypto';
import {
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { defer, firstValueFrom, type Observable } from 'rxjs';
import type { Actor } from '../actor/actor.js';
import { platformErrors } from '../errors/platform.errors.js';
import { PROBLEM_TYPE, toAppError, toProblem } from '../http/problem.js';
import { pathOf } from '../http/problem.filter.js';
import { canonicalJson } from '../json/canonical-json.js';
import { parseIdempotencyKey } from './idempotency-key.js';
import { IDEMPOTENT } from './idempotent.decorator.js';
import { IdempotencyKeysRepository, type Claim, type StoredAnswer } from './idempotency-keys.repository.js';

const RENEW_EVERY_MS = 20_000;
const KEPT_HEADERS = ['location', 'etag', 'content-location'];
/** Refusals that say nothing about the request itself; the next try may well pass. */
const PASSING_STATUS = new Set([401, 408, 429]);
const NOTHING = Symbol('no value');

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('Idempotency');

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: IdempotencyKeysRepository,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || !this.reflector.get(IDEMPOTENT, context.getHandler()))
      return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { actor?: Actor }>();
    const header = request.headers['idempotency-key'];
    if (header === undefined) return next.handle();
    return defer(() => this.once(String(header), request, http.getResponse<FastifyReply>(), next));
  }

  private async once(
    header: string,
    request: FastifyRequest & { actor?: Actor },
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const identity = {
      principal: request.actor?.id ?? `anonymous:${request.ip}`,
      method: request.method,
      path: pathOf(request.url),
      key: parseIdempotencyKey(header),
    };
    const result = await this.keys.claim(identity, fingerprintOf(request));
    switch (result.outcome) {
      case 'claimed':
        return this.run(result.claim, request, reply, next);
      case 'done':
        return replay(result.answer, reply);
      case 'in-progress':
        throw platformErrors['request-in-progress'](
          'The first request with this Idempotency-Key is still being worked on; repeat this one in a second.',
          { retryAfterMs: 1000 },
        );
      case 'other-request':
        throw platformErrors['idempotency-key-reused'](
          'This Idempotency-Key was used with another body; use a new key for a new request.',
        );
    }
  }

  private async run(
    claim: Claim,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const lease = new ClaimLease(claim, this.keys, this.logger);
    let body: unknown;
    try {
      body = await firstValueFrom(next.handle(), { defaultValue: NOTHING });
    } catch (error) {
      await this.settle(await lease.end(), problemAnswer(error, request));
      throw error;
    }
    await this.settle(await lease.end(), answerOf(body, reply));
    return body === NOTHING ? undefined : body;
  }

  /** The work is done either way, so a failure here is logged and the client gets its answer. */
  private async settle(claim: Claim | undefined, answer: StoredAnswer | undefined): Promise<void> {
    if (!claim) return;
    try {
      await (answer ? this.keys.complete(claim, answer) : this.keys.release(claim));
    } catch (error) {
      this.logger.warn({ msg: 'The outcome of an idempotent request could not be stored', err: error });
    }
  }
}

/** Keeps the claim of a long request; without it the lock lapses after a minute, as it must when the process dies. */
class ClaimLease {
  private renewal = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private claim: Claim | undefined,
    keys: IdempotencyKeysRepository,
    logger: Logger,
  ) {
    this.timer = setInterval(() => {
      this.renewal = this.renewal.then(async () => {
        try {
          if (this.claim) this.claim = await keys.renew(this.claim);
        } catch (error) {
          logger.warn({ msg: 'The lock of an idempotent request could not be renewed', err: error });
        }
      });
    }, RENEW_EVERY_MS);
  }

  async end(): Promise<Claim | undefined> {
    clearInterval(this.timer);
    await this.renewal;
    return this.claim;
  }
}

const fingerprintOf = ({ body, url }: FastifyRequest): string =>
  createHash('sha256')
    .update(canonicalJson([url.split('?', 2)[1] ?? '', body ?? null]))
    .digest('base64url');

function answerOf(body: unknown, reply: FastifyReply): StoredAnswer | undefined {
  const streamed =
    reply.sent || (typeof body === 'object' && body !== null && ('pipe' in body || 'getStream' in body));
  if (streamed || reply.statusCode >= 500) return undefined;
  const text = body === NOTHING || body === undefined || body === null ? null : JSON.stringify(body);
  return { status: reply.statusCode, headers: keptHeaders(reply), body: text };
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

function problemAnswer(thrown: unknown, request: FastifyRequest): StoredAnswer | undefined {
  const error = toAppError(thrown);
  if (error.status >= 500 || error.code === 'request-in-progress' || PASSING_STATUS.has(error.status))
    return undefined;
  const problem = toProblem(error, { instance: pathOf(request.url), requestId: request.id });
  return { status: error.status, headers: { 'content-type': PROBLEM_TYPE }, body: JSON.stringify(problem) };
}

function replay({ status, headers, body }: StoredAnswer, reply: FastifyReply): unknown {
  reply.code(status).headers({ 'idempotency-replayed': 'true' });
  if (body === null) {
    const { 'content-type': _unused, ...rest } = headers;
    reply.headers(rest);
    return undefined;
  }
  reply.headers(headers);
  return body;
}
