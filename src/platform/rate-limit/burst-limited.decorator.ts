import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../actor/actor.js';
import { BurstLimit } from './burst-limit.js';
import { addRateHeaders } from './rate-headers.js';

/** Runs after the guard that says who is calling, and before anything is done for them. */
@Injectable()
class BurstGuard implements CanActivate {
  constructor(private readonly burst: BurstLimit) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { actor } = http.getRequest<FastifyRequest & { actor?: Actor }>();
    if (!actor) throw new Error('@BurstLimited() on a @Public() route: there is nobody to count for.');
    const { state, refusal } = await this.burst.attempt(actor);
    if (state) addRateHeaders(http.getResponse<FastifyReply>(), [state]);
    if (refusal) throw refusal;
    return true;
  }
}

/**
 * A route that asks something of the model: counted by {@link BurstLimit}, with `RateLimit` headers on every answer and
 * 429 `rate-limited` beyond the limit. Handlers of socket events call `BurstLimit.take` instead.
 */
export const BurstLimited = (): MethodDecorator => UseGuards(BurstGuard);
