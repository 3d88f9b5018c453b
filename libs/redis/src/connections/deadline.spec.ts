import { within } from './deadline.js';

describe('a deadline', () => {
  it('gives the result that comes in time, and the error of the work', async () => {
    expect(await within(1_000, Promise.resolve('result'))).toBe('result');
    await expect(within(1_000, Promise.reject(new Error('of the work')))).rejects.toThrow('of the work');
  });

  it('ends a wait in vain', async () => {
    await expect(within(5, new Promise(() => undefined))).rejects.toThrow('no answer within 5 ms');
  });

  it('takes a result that arrived while the process was busy beyond it', async () => {
    const arrived = new Promise((resolve) => setImmediate(() => resolve('in time')));
    const result = within(1, arrived);
    const until = performance.now() + 20;
    while (performance.now() < until);
    expect(await result).toBe('in time');
  });
});
