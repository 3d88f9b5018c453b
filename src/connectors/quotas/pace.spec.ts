import { MemoryRateLimits } from '@rapport/redis';
import { SHIPPED } from '../registry/shipped.js';
import { paceOf } from './pace.js';

const LIMITS = [
  { requests: 1, windowMs: 1_000 },
  { requests: 3, windowMs: 1_000 },
  { requests: 50, windowMs: 1_000 },
  { requests: 90, windowMs: 30_000 },
];

it.each(LIMITS)('never sends more than $requests in any window of $windowMs ms', async (limit) => {
  let now = 0;
  const bucket = new MemoryRateLimits({ now: () => now });
  const sent: number[] = [];
  // As fast as it is let, after a rest, for three windows.
  while (now < 3 * limit.windowMs) {
    const { allowed } = await bucket.take('p', 'k', paceOf({ per: 'app', ...limit }));
    if (allowed) sent.push(now);
    else now += limit.windowMs / 1_000;
  }
  const most = Math.max(
    ...sent.map((from) => sent.filter((at) => at >= from && at < from + limit.windowMs).length),
  );
  expect(most).toBeLessThanOrEqual(limit.requests);
  expect(sent.length).toBeGreaterThan(2 * limit.requests);
});

it('can be counted for each platform that is shipped', async () => {
  for (const { platform, api } of SHIPPED) {
    await expect(new MemoryRateLimits().take(platform, 'k', paceOf(api.limit))).resolves.toMatchObject({
      allowed: true,
    });
  }
});
