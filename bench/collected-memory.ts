import { setTimeout as sleep } from 'node:timers/promises';

/** In bytes. */
export interface Memory {
  /** Objects and buffers. */
  readonly heap: number;
  /** What the operating system has given the process. */
  readonly rss: number;
}

/** What this process holds once its garbage is gone. Needs --expose-gc. */
export async function collectedMemory(): Promise<Memory> {
  // Twice: what the first collection lets go of can hold on to more.
  for (let pass = 0; pass < 2; pass++) {
    await sleep(50);
    globalThis.gc!();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
