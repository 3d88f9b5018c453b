import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again, every 10 ms, until the answer is yes: for what happens in a server that tells nobody.
 *
 * @throws when it is not after 10 s
 */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('Waited 10 s in vain.');
    await sleep(10);
  }
}
