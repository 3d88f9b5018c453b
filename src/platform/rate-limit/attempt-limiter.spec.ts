import { MemoryRateLimits } from '@rapport/redis';
import { AttemptLimiter } from './attempt-limiter.js';

describe('an attempt limiter', () => {
  let limiter: AttemptLimiter;
  beforeEach(() => {
    limiter = new AttemptLimiter(new MemoryRateLimits(), 'test', { quota: 2, windowMs: 60_000 }, 'guesses');
  });

  it('refuses the attempt after the last, with the time to wait, for that key only', async () => {
    await limiter.consume('a');
    await limiter.consume('a');
    const refusal: unknown = await limiter.consume('a').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'rate-limited', message: 'Too many guesses; try again later.' });
    const { retryAfterMs = 0 } = refusal as { retryAfterMs?: number };
    // Attempts come back evenly: the next one after half of the window.
    expect(retryAfterMs).toBeGreaterThan(25_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
    await expect(limiter.consume('b')).resolves.toBeUndefined();
  });

  it('lets exactly as many parallel attempts through as there are', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => limiter.consume('a')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('takes a refunded attempt, and all of them after a reset', async () => {
    await limiter.consume('a');
    await limiter.consume('a');
    await limiter.refund('a');
    await limiter.consume('a');
    await expect(limiter.consume('a')).rejects.toMatchObject({ code: 'rate-limited' });
    await limiter.reset('a');
    await limiter.consume('a');
    await limiter.consume('a');
  });
});
