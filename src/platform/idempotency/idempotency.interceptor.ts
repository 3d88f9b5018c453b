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
import { pathOf } from '../http/problem.filter.js';
import { canonicalJson } from '../json/canonical-json.js';
import { ClaimLease } from './claim-lease.js';
import { parseIdempotencyKey } from './idempotency-key.js';
import { FORGOTTEN_FIELDS, IDEMPOTENT } from './idempotent.decorator.js';
import { IdempotencyKeysRepository, type Claim, type StoredAnswer } from './idempotency-keys.repository.js';
import { answerOf, problemAnswer, replay } from './stored-answer.js';

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('Idempotency');

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: IdempotencyKeysRepository,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || !this.reflector.get(IDEMPOTENT, context.getHandler())) {
      return next.handle();
    }
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { actor?: Actor }>();
    const header = request.headers['idempotency-key'];
    if (header === undefined) return next.handle();
    const forgotten = this.reflector.get<readonly string[]>(FORGOTTEN_FIELDS, context.getHandler());
    return defer(() =>
      this.once(String(header), request, http.getResponse<FastifyReply>(), { next, forgotten }),
    );
  }

  private async once(
    header: string,
    request: FastifyRequest & { actor?: Actor },
    reply: FastifyReply,
    route: Route,
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
        return this.run(result.claim, request, reply, route);
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
    { next, forgotten }: Route,
  ): Promise<unknown> {
    const lease = new ClaimLease(claim, this.keys, this.logger);
    let body: unknown;
    try {
      body = await firstValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.settle(await lease.end(), problemAnswer(error, request));
      throw error;
    }
    await this.settle(await lease.end(), answerOf(without(body, forgotten), reply));
    return body;
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

interface Route {
  next: CallHandler;
  /** Fields of its answer that are not kept. */
  forgotten: readonly string[];
}

/** What is told once must not lie in a table for a day. */
function without(body: unknown, fields: readonly string[]): unknown {
  if (fields.length === 0 || typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !fields.includes(name)));
}

const fingerprintOf = ({ body, url }: FastifyRequest): string =>
  createHash('sha256')
    .update(canonicalJson([url.split('?', 2)[1] ?? '', withHashedBytes(body) ?? null]))
    .digest('base64url');

/** Bytes by their hash: as JSON, each of millions would be a member. */
function withHashedBytes(body: unknown): unknown {
  if (Buffer.isBuffer(body)) return createHash('sha256').update(body).digest('base64url');
  if (typeof body !== 'object' || body === null || !('content' in body)) return body;
  return Buffer.isBuffer(body.content) ? { ...body, content: withHashedBytes(body.content) } : body;
}
