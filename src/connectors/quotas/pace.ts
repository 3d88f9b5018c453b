import type { RateLimit } from '@rapport/redis';
import type { ProviderLimit } from '../registry/provider.js';

/** Of a window's requests, those that may be sent at once after a rest. */
const AT_ONCE = 0.5;

/**
 * The platform's limit as an even pace: what may be sent at once and what comes back in a window are together no more than
 * the platform takes in any window, wherever that begins.
 */
export function paceOf({ requests, windowMs }: ProviderLimit): RateLimit {
  const burst = Math.max(1, Math.floor(requests * AT_ONCE));
  return { quota: requests - burst + 1, windowMs, burst };
}
