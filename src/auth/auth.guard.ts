import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PUBLIC_ROUTE, REQUIRED_ROLE } from '../platform/actor/actor.decorators.js';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { TokensService } from './tokens.service.js';

/** Closed unless `@Public()`. Puts the {@link Actor} on the request. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
  ) {}

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
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const token = bearerToken(request.headers.authorization);
    try {
      if (token === undefined) {
        throw platformErrors.unauthenticated(
          'Send "Authorization: Bearer <access token>"; log in to get one.',
        );
      }
      const { actor } = await this.tokens.verify(token);
      request.actor = actor;
      return actor;
    } catch (error) {
      // RFC 6750 §3.1: no error code when the request carried no credentials.
      reply.header('www-authenticate', token === undefined ? 'Bearer' : 'Bearer error="invalid_token"');
      throw error;
    }
  }
}

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
