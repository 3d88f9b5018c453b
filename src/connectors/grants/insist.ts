import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../../platform/http/database-faults.js';

const AGAIN_MS = 250;

/** Writes what would be lost otherwise: a database that is away is asked again for so long. */
export async function insist<T>(forMs: number, write: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + forMs; ; await sleep(AGAIN_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > until) throw error;
    }
  }
}
