import { allowanceOf, planOf } from './gcra.js';

describe('the plan of a rate limit', () => {
  it('rounds the interval up where a quota does not divide its window, so that it is never exceeded', () => {
    const { intervalUs, limitUs, costUs } = planOf({ quota: 7, windowMs: 60_000, burst: 3, cost: 2 });
    expect([intervalUs, limitUs, costUs]).toEqual([8_571_429, 3 * 8_571_429, 2 * 8_571_429]);
    expect(planOf({ quota: 1_000, windowMs: 1 }).intervalUs).toBe(1);
  });

  it('rounds waits up to the next millisecond, and never says to come too early', () => {
    const plan = planOf({ quota: 1_000_000 / 250, windowMs: 1_000 });
    expect(allowanceOf(plan, false, plan.limitUs - 1)).toMatchObject({ retryAfterMs: 1, remaining: 0 });
    expect(allowanceOf(plan, true, 1_001)).toMatchObject({ retryAfterMs: 0, resetAfterMs: 2 });
  });
});
