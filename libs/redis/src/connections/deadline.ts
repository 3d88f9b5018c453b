import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/**
 * The work's result, if it comes in time. An answer that has arrived while the event loop was busy counts as in time.
 *
 * @throws `no answer within <ms> ms`, or what the work throws
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).then(async () => {
    // Timers come before input: what waits in the socket is read first.
    await turn();
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
