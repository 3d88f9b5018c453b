import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 30;

/** Waits until that is so, at most as long as that; whether it came to be. */
export async function holds(ms: number, isSo: () => boolean): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
