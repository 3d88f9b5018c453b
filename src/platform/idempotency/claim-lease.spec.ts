import { ClaimLease } from './claim-lease.js';
import type { Claim } from './idempotency-keys.repository.js';

const claimUntil = (ms: number): Claim => ({
  principal: 'p',
  method: 'POST',
  path: '/x',
  key: 'k',
  lockedUntil: new Date(ms),
});

describe('ClaimLease', () => {
  const warn = jest.fn();
  beforeEach(() => {
    jest.useFakeTimers();
    warn.mockClear();
  });
  afterEach(() => jest.useRealTimers());

  it('renews well before the lock lapses, each time from the claim it got last', async () => {
    const renew = jest.fn((claim: Claim) => Promise.resolve(claimUntil(claim.lockedUntil.getTime() + 1)));
    const lease = new ClaimLease(claimUntil(0), { renew }, { warn });
    await jest.advanceTimersByTimeAsync(55_000);
    expect(renew.mock.calls.map(([claim]) => claim.lockedUntil.getTime())).toEqual([0, 1]);
    expect(await lease.end()).toEqual(claimUntil(2));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it('gives nothing, and asks no more, once another process has taken over', async () => {
    const renew = jest.fn(() => Promise.resolve(undefined));
    const lease = new ClaimLease(claimUntil(0), { renew }, { warn });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(renew).toHaveBeenCalledTimes(1);
    expect(await lease.end()).toBeUndefined();
  });

  it('keeps its claim and tries again when the database did not answer', async () => {
    const renew = jest.fn(() => Promise.reject(new Error('away')));
    const lease = new ClaimLease(claimUntil(0), { renew }, { warn });
    await jest.advanceTimersByTimeAsync(40_000);
    expect(await lease.end()).toEqual(claimUntil(0));
    expect([renew.mock.calls.length, warn.mock.calls.length]).toEqual([2, 2]);
  });

  it('waits at the end for a renewal under way, whose claim is the valid one', async () => {
    let answer = (_claim: Claim): void => undefined;
    const renew = (): Promise<Claim> => new Promise((resolve) => (answer = resolve));
    const lease = new ClaimLease(claimUntil(0), { renew }, { warn });
    await jest.advanceTimersByTimeAsync(20_000);
    const ended = lease.end();
    answer(claimUntil(9));
    expect(await ended).toEqual(claimUntil(9));
  });
});
