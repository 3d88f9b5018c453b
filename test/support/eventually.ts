import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 20_000;
const PAUSE_MS = 20;

/**
 * Asks again until there is an answer, for what servers agree on among themselves and tell nobody.
 *
 * @throws when there is none after so long, 20 s unless told otherwise; `what` says what was waited for
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}.`);
    await sleep(PAUSE_MS);
  }
}
