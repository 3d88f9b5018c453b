import { AttemptLimiter } from './attempt-limiter.js';
import { BoundedMemoryLimiter } from './bounded-memory-limiter.js';

describe('an attempt limiter', () => {
  const memory = new BoundedMemoryLimiter({ points: 2, duration: 60 }, 3);
  const limiter = new AttemptLimiter(memory, 'guesses');
  afterEach(() => memory.clear());

  it('refuses the attempt after the last, with the time to wait, for that key only', async () => {
    await limiter.consume('a');
    await limiter.consume('a');
    const refusal: unknown = await limiter.consume('a').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'rate-limited', message: 'Too many guesses; try again later.' });
    const { retryAfterMs = 0 } = refusal as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
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

  it('remembers a bounded number of keys, the latest ones', async () => {
    for (const key of ['a', 'a', 'b', 'c', 'd', 'e']) await limiter.consume(key);
    expect(memory.size).toBe(3);
    await limiter.consume('a'); // was forgotten
    await limiter.consume('e');
    await expect(limiter.consume('e')).rejects.toMatchObject({ code: 'rate-limited' });
  });
});
