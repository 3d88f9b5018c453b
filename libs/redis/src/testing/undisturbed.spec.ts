import { undisturbed, watchStalls } from './undisturbed.js';

describe('an attempt that is to be undisturbed', () => {
  const standStill = (ms: number): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  };

  it('is made again when it failed while the process stood still', async () => {
    let attempts = 0;
    const answer = await undisturbed(50, async () => {
      await Promise.resolve();
      if (++attempts > 1) return 'done';
      standStill(100);
      throw new Error('too slow');
    });
    expect([answer, attempts]).toEqual(['done', 2]);
  });

  it('fails at once when nothing disturbed it, and in the end when everything does', async () => {
    let attempts = 0;
    const fail = (ms: number) => (): Promise<never> => {
      attempts++;
      standStill(ms);
      return Promise.reject(new Error(`after ${ms} ms`));
    };
    await expect(undisturbed(10_000, fail(0))).rejects.toThrow('after 0 ms');
    expect(attempts).toBe(1);
    await expect(undisturbed(5, fail(30))).rejects.toThrow('after 30 ms');
    expect(attempts).toBe(7);
  });

  it('knows how long that was', async () => {
    const stalls = watchStalls();
    for (const ms of [80, 120]) {
      standStill(ms);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(stalls.longestMs()).toBeGreaterThan(100);
    expect(stalls.totalMs()).toBeGreaterThan(170);
    stalls.end();
  });
});
