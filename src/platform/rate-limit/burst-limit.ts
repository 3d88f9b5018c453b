import { Injectable } from '@nestjs/common';
import type { Allowance, RateLimit } from '@rapport/redis';
import type { Actor } from '../actor/actor.js';
import { platformErrors } from '../errors/platform.errors.js';
import type { AppError } from '../errors/app-error.js';
import type { PolicyState } from './rate-headers.js';
import { RateLimiters } from './rate-limiters.js';
import { RateLimitSettings } from './rate-limit.settings.js';

const NAME = 'burst';

/** What an attempt found. */
export interface BurstAnswer {
  /** Undefined where nothing is limited. */
  state?: PolicyState;
  refusal?: AppError;
}

/**
 * How much one user may ask of the model in a short time, whatever the tier: every message sent and every reply
 * generated again counts, also one that is refused later or repeats an earlier one.
 */
@Injectable()
export class BurstLimit {
  private readonly limit?: RateLimit;

  constructor(
    private readonly limiters: RateLimiters,
    { burstLimit: quota, burstWindowMs: windowMs }: RateLimitSettings,
  ) {
    if (quota > 0) this.limit = { quota, windowMs };
  }

  /** Counts one attempt, for who shows the state to the caller. */
  async attempt(actor: Actor): Promise<BurstAnswer> {
    if (!this.limit) return {};
    const allowance = await this.limiters.shared.take(NAME, actor.id, this.limit);
    const state = stateOf(this.limit, allowance);
    if (allowance.allowed) return { state };
    const { retryAfterMs } = allowance;
    const detail = `At most ${this.limit.quota} messages in ${state.windowSeconds} s; try again later.`;
    return { state, refusal: platformErrors['rate-limited'](detail, { retryAfterMs }) };
  }

  /**
   * Counts one attempt.
   * @throws rate-limited
   */
  async take(actor: Actor): Promise<void> {
    const { refusal } = await this.attempt(actor);
    if (refusal) throw refusal;
  }
}

const stateOf = ({ quota, windowMs }: RateLimit, allowance: Allowance): PolicyState => ({
  name: NAME,
  quota,
  windowSeconds: Math.ceil(windowMs / 1000),
  remaining: allowance.remaining,
  resetsInMs: allowance.allowed ? allowance.resetAfterMs : allowance.retryAfterMs,
});
