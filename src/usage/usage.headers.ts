import { AppError } from '../platform/errors/app-error.js';
import type { UsageCounters } from './usage.dto.js';
import { USAGE_KINDS } from './usage-kind.js';
import { DAY_SECONDS, type QuotaExceeded } from './usage.rules.js';

export interface UsageHeaders {
  'RateLimit-Policy'?: string;
  RateLimit?: string;
}

interface Allowance {
  kind: string;
  limit: number;
  remaining: number;
}

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) for a sent message: one policy per limited
 * kind. No headers where nothing is limited.
 *
 * @example
 * reply.headers(usageHeaders(reservation.counters, clock.now()));
 */
export function usageHeaders(usage: Pick<UsageCounters, 'resetsAt' | 'counters'>, now: Date): UsageHeaders {
  const limited = USAGE_KINDS.flatMap((kind): Allowance[] => {
    const { limit, remaining } = usage.counters[kind];
    return limit === null || remaining === null ? [] : [{ kind, limit, remaining }];
  });
  return headersOf(limited, Date.parse(usage.resetsAt) - now.getTime());
}

/** The same for a refusal: the policy that was hit, with `t` equal to the answer's `Retry-After`. */
export function quotaExceededHeaders(error: unknown): UsageHeaders {
  if (!(error instanceof AppError) || error.code !== 'quota-exceeded') return {};
  const { kind, limit, used, reserved } = error.members as unknown as QuotaExceeded;
  return headersOf(
    [{ kind, limit, remaining: Math.max(0, limit - used - reserved) }],
    error.retryAfterMs ?? 0,
  );
}

function headersOf(allowances: readonly Allowance[], resetsInMs: number): UsageHeaders {
  if (allowances.length === 0) return {};
  const seconds = Math.max(1, Math.ceil(resetsInMs / 1000));
  return {
    'RateLimit-Policy': allowances
      .map(({ kind, limit }) => `"${kind}-daily";q=${limit};w=${DAY_SECONDS};qu="messages"`)
      .join(', '),
    RateLimit: allowances
      .map(({ kind, remaining }) => `"${kind}-daily";r=${remaining};t=${seconds}`)
      .join(', '),
  };
}
