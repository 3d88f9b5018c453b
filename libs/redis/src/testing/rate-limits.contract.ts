import { setTimeout as sleep } from 'node:timers/promises';
import { undisturbed } from './undisturbed.js';
import type { RateLimit, RateLimitStore } from '../rate-limits/rate-limit.js';

const MINUTE: RateLimit = { quota: 3, windowMs: 60_000 };

/** What rate limits promise, wherever they are counted. */
export function describeRateLimits(where: string, open: () => RateLimitStore): void {
  describe(`rate limits counted in ${where}`, () => {
    let run = 0;
    let policy: string;
    let limits: RateLimitStore;
    beforeEach(() => {
      policy = `policy-${process.pid}-${run++}`;
      limits = open();
    });
    const take = (limit = MINUTE, key = 'ann') => limits.take(policy, key, limit);
    const takeAll = async (count: number, limit = MINUTE): Promise<number> => {
      const taken = await Promise.all(Array.from({ length: count }, () => take(limit)));
      return taken.filter(({ allowed }) => allowed).length;
    };

    it('allow the burst, count down, and then say how long to wait', async () => {
      const began = performance.now();
      expect(await take()).toEqual({ allowed: true, remaining: 2, retryAfterMs: 0, resetAfterMs: 20_000 });
      expect((await take()).remaining).toBe(1);
      expect((await take()).remaining).toBe(0);
      const refused = await take();
      const past = performance.now() - began;
      expect(refused).toMatchObject({ allowed: false, remaining: 0 });
      expect(refused.retryAfterMs).toBeGreaterThan(19_000 - past);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(20_000);
      expect(refused.resetAfterMs).toBeGreaterThan(59_000 - past);
      expect(refused.resetAfterMs).toBeLessThanOrEqual(60_000);
    });

    it('let exactly the burst through when all come at once', async () => {
      expect(await takeAll(32)).toBe(3);
      policy = `${policy}-other`;
      expect(await takeAll(32, { quota: 1_000, windowMs: 3_600_000, burst: 7 })).toBe(7);
    });

    it('count each key and each policy for itself', async () => {
      expect(await takeAll(4)).toBe(3);
      expect((await take(MINUTE, 'bob')).allowed).toBe(true);
      expect((await limits.take(`${policy}b`, 'ann', MINUTE)).allowed).toBe(true);
    });

    it('allow again when they said, one by one', () =>
      undisturbed(15, async () => {
        policy = `${policy}-again`;
        const fast = { quota: 10, windowMs: 1_000, burst: 2 };
        await takeAll(2, fast);
        const { allowed, retryAfterMs } = await take(fast);
        expect(allowed).toBe(false);
        await sleep(retryAfterMs + 1);
        expect((await take(fast)).allowed).toBe(true);
      }));

    it('are whole again after they said', async () => {
      const fast = { quota: 20, windowMs: 1_000, burst: 4 };
      await takeAll(4, fast);
      const { resetAfterMs } = await limits.peek(policy, 'ann', fast);
      expect(resetAfterMs).toBeLessThanOrEqual(200);
      await sleep(resetAfterMs + 1);
      expect(await limits.peek(policy, 'ann', fast)).toEqual({
        allowed: true,
        remaining: 4,
        retryAfterMs: 0,
        resetAfterMs: 0,
      });
    });

    it('take what a call costs, or nothing', async () => {
      expect((await take({ ...MINUTE, cost: 2 })).remaining).toBe(1);
      const refused = await take({ ...MINUTE, cost: 2 });
      expect(refused).toMatchObject({ allowed: false, remaining: 1 });
      expect(refused.retryAfterMs).toBeLessThanOrEqual(20_000);
      expect((await take()).allowed).toBe(true);
    });

    it('can be looked at without being used up', async () => {
      for (let look = 0; look < 5; look++)
        expect(await limits.peek(policy, 'ann', MINUTE)).toMatchObject({ allowed: true, remaining: 3 });
      const began = performance.now();
      await takeAll(3);
      expect(await limits.peek(policy, 'ann', MINUTE)).toMatchObject({ allowed: false, remaining: 0 });
      const { retryAfterMs } = await limits.peek(policy, 'ann', MINUTE);
      expect(retryAfterMs).toBeGreaterThan(19_000 - (performance.now() - began));
    });

    it('take back what was taken, and never more', async () => {
      await takeAll(3);
      await limits.giveBack(policy, 'ann', MINUTE);
      expect(await takeAll(2)).toBe(1);
      await limits.giveBack(policy, 'ann', { ...MINUTE, cost: 3 });
      await limits.giveBack(policy, 'ann', { ...MINUTE, cost: 3 });
      expect(await takeAll(5)).toBe(3);
      await limits.giveBack(policy, 'nobody', MINUTE);
    });

    it('forget a key that is reset', async () => {
      await takeAll(3);
      await limits.reset(policy, 'ann');
      expect(await takeAll(4)).toBe(3);
    });

    it('hold the new limit at once when it was lowered', async () => {
      await takeAll(10, { quota: 10, windowMs: 3_600_000 });
      const lowered = await take({ quota: 2, windowMs: 60_000 });
      expect(lowered).toMatchObject({ allowed: false, remaining: 0 });
      expect(lowered.retryAfterMs).toBeLessThanOrEqual(30_000);
    });

    it.each([
      { quota: 0, windowMs: 1_000 },
      { quota: 1.5, windowMs: 1_000 },
      { quota: 1, windowMs: 0 },
      { quota: 1, windowMs: Number.NaN },
      { quota: 1, windowMs: 1_000, burst: 0 },
      { quota: 5, windowMs: 1_000, cost: 0 },
      { quota: 5, windowMs: 1_000, cost: 6 },
      { quota: 1_001, windowMs: 1 },
      { quota: 1, windowMs: 86_400_000 * 400 },
    ])('refuse what cannot be counted: %j', async (limit) => {
      await expect(take(limit)).rejects.toThrow(RangeError);
    });
  });
}
