import { CacheDeclarationError } from '../cache.errors.js';

/** Milliseconds, or a number and a unit: `"250ms"`, `"30s"`, `"5m"`, `"6h"`, `"7d"`. */
export type Duration = number | string;

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration.
 *
 * @param owner - what the duration belongs to, for the message, e.g. `cache "character": ttl`
 * @throws {@link CacheDeclarationError} when it is not a positive, finite duration
 */
export function durationMs(duration: Duration, owner: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (!Number.isFinite(ms) || ms <= 0) {
    throw new CacheDeclarationError(
      `${owner} is ${JSON.stringify(duration)}; use a positive number of milliseconds or a text such as "30s", "5m", "6h" or "7d".`,
    );
  }
  // Redis takes whole milliseconds, and 0 would mean "expired already".
  return Math.max(1, Math.round(ms));
}

function parse(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2] as string]! : Number.NaN;
}
