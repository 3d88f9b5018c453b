import { Injectable, type CanActivate, type ExecutionContext, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ALSO_WHEN_CLOSED, PUBLIC_ROUTE, REQUIRED_ROLE } from '../platform/actor/actor.decorators.js';
import type { Actor } from '../platform/actor/actor.js';
import { ACCEPTED_KEY_SCOPES, type KeyScope } from '../platform/actor/key-scopes.js';
import { AppError } from '../platform/errors/app-error.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { takesBytes } from '../platform/http/bytes-body.js';
import { looksLikeKey } from './api-keys/api-key.secret.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { TokensService } from './tokens.service.js';

type CallersRequest = FastifyRequest & { actor?: Actor };

/** Closed unless `@Public()`. Puts the {@link Actor} on the request. */
@Injectable()
export class AuthGuard implements CanActivate, OnModuleInit {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
    private readonly keys: ApiKeysService,
    private readonly host: HttpAdapterHost,
  ) {}

  /** Guards run when the body is in memory, which may be large where it is bytes: there, callers are known before. */
  onModuleInit(): void {
    // Processes that only run jobs have no server.
    const fastify = this.host.httpAdapter?.getInstance<FastifyInstance | undefined>();
    fastify?.addHook('preParsing', async (request: CallersRequest, reply) => {
      if (!takesBytes(request)) return;
      request.actor = await this.identify(request, reply, async (token) => {
        const { actor } = await (looksLikeKey(token) ? this.keys.verify(token) : this.tokens.verify(token));
        return actor;
      });
    });
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, targets)) return true;
    const actor = context.getType() === 'ws' ? handshakeActor(context) : await this.callerOf(context);
    const required = this.reflector.getAllAndOverride<Actor['role'] | undefined>(REQUIRED_ROLE, targets);
    if (required !== undefined && actor.role !== required) {
      throw platformErrors.forbidden(`Only for the role ${required}.`);
    }
    return true;
  }

  private async callerOf(context: ExecutionContext): Promise<Actor> {
    const request = context.switchToHttp().getRequest<CallersRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const actor = await this.identify(request, reply, async (token) =>
      looksLikeKey(token)
        ? await this.keyHolder(token, context)
        : (await this.tokens.verify(token, this.alsoWhenClosed(context))).actor,
    );
    request.actor = actor;
    return actor;
  }

  /** Who `verify` says that the request's token is of. @throws unauthenticated, and what `verify` does */
  private async identify(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    verify: (token: string) => Promise<Actor>,
  ): Promise<Actor> {
    const token = bearerToken(headers.authorization);
    try {
      if (token === undefined) {
        throw platformErrors.unauthenticated(
          'Send "Authorization: Bearer <access token>"; log in to get one.',
        );
      }
      return await verify(token);
    } catch (error) {
      // RFC 6750 §3.1: no error code when the request carried no credentials.
      const fault = isForbidden(error) ? 'insufficient_scope' : 'invalid_token';
      reply.header('www-authenticate', token === undefined ? 'Bearer' : `Bearer error="${fault}"`);
      throw error;
    }
  }

  /** @throws unauthenticated; forbidden where the key's scopes do not reach */
  private async keyHolder(key: string, context: ExecutionContext): Promise<Actor> {
    const { actor, scopes } = await this.keys.verify(key);
    const accepted = this.scopesAccepted(context);
    if (scopes.some((scope) => accepted.includes(scope))) return actor;
    throw platformErrors.forbidden(
      accepted.length === 0
        ? 'API keys are not accepted here; log in and send an access token.'
        : `This needs an API key with the scope ${accepted.join(' or ')}; this one has ${scopes.join(', ')}.`,
    );
  }

  private alsoWhenClosed(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<boolean | undefined>(ALSO_WHEN_CLOSED, targets) ?? false;
  }

  private scopesAccepted(context: ExecutionContext): readonly KeyScope[] {
    const targets = [context.getHandler(), context.getClass()];
    const stated = this.reflector.getAllAndOverride<KeyScope[] | undefined>(ACCEPTED_KEY_SCOPES, targets);
    if (stated) return stated;
    if (this.reflector.getAllAndOverride(REQUIRED_ROLE, targets) !== undefined) return ['internal'];
    const { method } = context.switchToHttp().getRequest<FastifyRequest>();
    return method === 'GET' || method === 'HEAD' ? ['read'] : [];
  }
}

const isForbidden = (error: unknown): boolean => error instanceof AppError && error.kind === 'forbidden';

/** A socket proved who it is when it connected. */
function handshakeActor(context: ExecutionContext): Actor {
  const { actor } = context.switchToWs().getClient<{ data: { actor?: Actor } }>().data;
  if (!actor) throw platformErrors.unauthenticated('Connect with auth.token set to an access token.');
  return actor;
}

/** RFC 6750 §2.1; the scheme's capitals do not matter (RFC 9110 §11.1). */
function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1];
}
