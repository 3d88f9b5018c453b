import * as fc from 'fast-check';
import { describeRateLimits } from '../testing/rate-limits.contract.js';
import { MemoryRateLimits } from './memory-rate-limits.js';

describeRateLimits('this process', () => new MemoryRateLimits());

describe('rate limits counted in this process', () => {
  it('never allow more than the burst and the rate, in any stretch of time, and never much less', async () => {
    const limitOf = fc.record({
      quota: fc.integer({ min: 1, max: 50 }),
      windowMs: fc.integer({ min: 1, max: 2_000 }),
      burst: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(limitOf, fc.array(fc.nat(40), { maxLength: 200 }), async (limit, pauses) => {
        let now = 1e9;
        const limits = new MemoryRateLimits({ now: () => now });
        const intervalMs = Math.ceil((limit.windowMs * 1_000) / limit.quota) / 1_000;
        const taken: number[] = [];
        // Units there are, refilled evenly: what the algorithm must agree with.
        let units = limit.burst;
        for (const pause of pauses) {
          now += pause;
          units = Math.min(limit.burst, units + pause / intervalMs);
          const { allowed } = await limits.take('p', 'k', limit);
          if (allowed) {
            taken.push(now);
            units -= 1;
          } else {
            expect(units).toBeLessThan(1 + 1e-6);
          }
        }
        taken.forEach((from, first) =>
          taken.slice(first).forEach((until, rest) => {
            expect(rest + 1).toBeLessThanOrEqual(limit.burst + (until - from) / intervalMs + 1e-6);
          }),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('remember a bounded number of keys, those that were used last', async () => {
    const limits = new MemoryRateLimits({ maxKeys: 3 });
    const limit = { quota: 1, windowMs: 60_000 };
    for (const key of ['a', 'b', 'c', 'd']) await limits.take('p', key, limit);
    expect(limits.size).toBe(3);
    expect((await limits.take('p', 'd', limit)).allowed).toBe(false);
    expect((await limits.take('p', 'a', limit)).allowed).toBe(true); // was forgotten
    expect(limits.size).toBe(3);
  });
});
