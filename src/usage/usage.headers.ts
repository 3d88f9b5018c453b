import { AppError } from '../platform/errors/app-error.js';
import type { PolicyState } from '../platform/rate-limit/rate-headers.js';
import type { UsageCounters } from './usage.dto.js';
import { USAGE_KINDS, type UsageKind } from './usage-kind.js';
import { DAY_SECONDS, type QuotaExceeded } from './usage.rules.js';

/**
 * The daily allowances as policies for `addRateHeaders`: one per limited kind, none where nothing is limited.
 *
 * @example
 * addRateHeaders(reply, dailyPolicies(reservation.counters, clock.now()));
 */
export function dailyPolicies(usage: Pick<UsageCounters, 'resetsAt' | 'counters'>, now: Date): PolicyState[] {
  const resetsInMs = Date.parse(usage.resetsAt) - now.getTime();
  return USAGE_KINDS.flatMap((kind) => {
    const { limit, remaining } = usage.counters[kind];
    return limit === null || remaining === null ? [] : [daily(kind, limit, remaining, resetsInMs)];
  });
}

/** The policy that refused, with `t` equal to the answer's `Retry-After`; none for other errors. */
export function exceededPolicies(error: unknown): PolicyState[] {
  if (!(error instanceof AppError) || error.code !== 'quota-exceeded') return [];
  const { kind, limit, used, reserved } = error.members as unknown as QuotaExceeded;
  return [daily(kind, limit, Math.max(0, limit - used - reserved), error.retryAfterMs ?? 0)];
}

const daily = (kind: UsageKind, quota: number, remaining: number, resetsInMs: number): PolicyState => ({
  name: `${kind}-daily`,
  quota,
  windowSeconds: DAY_SECONDS,
  unit: 'messages',
  remaining,
  resetsInMs,
});
