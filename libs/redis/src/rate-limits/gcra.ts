import type { Allowance, RateLimit } from './rate-limit.js';

/** Longest memory of a key: keeps every sum with a time of day in µs an exact number. */
const MAX_LIMIT_US = 366 * 86_400_000_000;

/**
 * A limit in the terms of the generic cell rate algorithm: every unit uses the key up for `intervalUs`, and a key may
 * be used up for `limitUs` at most. All numbers are whole microseconds.
 */
export interface Plan {
  intervalUs: number;
  limitUs: number;
  costUs: number;
}

/**
 * The interval is rounded up: a quota that does not divide its window is undershot by less than a µs per unit, never
 * exceeded.
 * @throws {RangeError}
 */
export function planOf({ quota, windowMs, burst = quota, cost = 1 }: RateLimit): Plan {
  const positive = { quota, windowMs, burst, cost };
  for (const [name, value] of Object.entries(positive)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`A rate limit needs a whole ${name} of at least 1, not ${value}.`);
  }
  if (quota > windowMs * 1_000)
    throw new RangeError(`A quota of ${quota} in ${windowMs} ms is more than one per microsecond.`);
  if (cost > burst) throw new RangeError(`A cost of ${cost} never fits into a burst of ${burst}.`);
  const intervalUs = Math.ceil((windowMs * 1_000) / quota);
  const limitUs = intervalUs * burst;
  if (limitUs > MAX_LIMIT_US) throw new RangeError('A rate limit may look back a year at most.');
  return { intervalUs, limitUs, costUs: intervalUs * cost };
}

/** @param usedUs for how long the key is used up, after the step when it was granted */
export function allowanceOf(
  { intervalUs, limitUs, costUs }: Plan,
  granted: boolean,
  usedUs: number,
): Allowance {
  return {
    allowed: granted,
    remaining: Math.floor((limitUs - usedUs) / intervalUs),
    retryAfterMs: granted ? 0 : Math.ceil((usedUs + costUs - limitUs) / 1_000),
    resetAfterMs: Math.ceil(usedUs / 1_000),
  };
}
