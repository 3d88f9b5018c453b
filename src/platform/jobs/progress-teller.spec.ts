import type { JobProgress } from './job.js';
import { ProgressTeller } from './progress-teller.js';

describe('ProgressTeller', () => {
  let told: number[];
  let teller: ProgressTeller;
  beforeEach(() => {
    jest.useFakeTimers();
    told = [];
    teller = new ProgressTeller({ percent: 0 }, ({ percent }: JobProgress) => {
      told.push(percent);
      return Promise.resolve();
    });
  });
  afterEach(() => jest.useRealTimers());

  it('tells the first at once and then only the latest of each half second', async () => {
    for (const percent of [1, 2, 3]) teller.report({ percent });
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toEqual([3]);
    for (const percent of [4, 5]) teller.report({ percent });
    await jest.advanceTimersByTimeAsync(499);
    expect(told).toEqual([3]);
    await jest.advanceTimersByTimeAsync(1);
    expect(told).toEqual([3, 5]);
    for (let percent = 6; percent <= 45; percent++) {
      teller.report({ percent });
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(told).toHaveLength(6);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('tells one after the other, however long one takes', async () => {
    let finish = (): void => undefined;
    const slow = new ProgressTeller({ percent: 0 }, ({ percent }) => {
      told.push(percent);
      return new Promise((resolve) => (finish = resolve));
    });
    slow.report({ percent: 1 });
    await jest.advanceTimersByTimeAsync(0);
    slow.report({ percent: 2 });
    await jest.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([1]);
    finish();
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toEqual([1, 2]);
  });

  it('tells nothing after it was stopped, and goes on when telling fails', async () => {
    const failing = new ProgressTeller({ percent: 0 }, ({ percent }) => {
      told.push(percent);
      return Promise.reject(new Error('no'));
    });
    failing.report({ percent: 1 });
    await jest.advanceTimersByTimeAsync(500);
    failing.report({ percent: 2 });
    await jest.advanceTimersByTimeAsync(0);
    failing.report({ percent: 3 });
    await failing.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    failing.report({ percent: 4 });
    await jest.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([1, 2]);
  });
});
