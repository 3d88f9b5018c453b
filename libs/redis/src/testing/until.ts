import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again, every 10 ms, until the answer is yes: for what happens in a server that tells nobody.
 *
 * @throws when it is not after 20 s
 */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('Waited 20 s in vain.');
    await sleep(10);
  }
}
