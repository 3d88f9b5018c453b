import { HeldLock } from './held-lock.js';
import type { LockStore } from './lock.js';

/** A store that answers renewals as it is told. */
class Answers implements LockStore {
  renewals = 0;
  released = 0;
  answer: () => Promise<boolean> = () => Promise.resolve(true);
  take = (): Promise<never> => Promise.reject(new Error('not asked here'));
  renew = (): Promise<boolean> => {
    this.renewals++;
    return this.answer();
  };
  release = (): Promise<boolean> => {
    this.released++;
    return Promise.resolve(true);
  };
}

describe('a held lock', () => {
  let store: Answers;
  let lock: HeldLock;
  beforeEach(() => {
    jest.useFakeTimers();
    store = new Answers();
    const askedAt = performance.now();
    lock = new HeldLock(store, { name: 'a', fence: 1, owner: 'o', leaseMs: 3_000, askedAt });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is renewed every third of its lease, until it is given back', async () => {
    await jest.advanceTimersByTimeAsync(10_000);
    expect(store.renewals).toBe(10);
    lock.assertHeld();
    await lock.release();
    await jest.advanceTimersByTimeAsync(10_000);
    expect([store.renewals, store.released, jest.getTimerCount()]).toEqual([10, 1, 0]);
  });

  it('is lost at once when a renewal finds another owner, and then lets go of what may be left', async () => {
    const lost = jest.fn();
    lock.signal.addEventListener('abort', lost);
    store.answer = () => Promise.resolve(false);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(() => lock.assertHeld()).toThrow('somebody else has taken it');
    expect([store.released, jest.getTimerCount()]).toEqual([1, 0]);
  });

  it('outlives renewals that fail, and tries again sooner', async () => {
    let failures = 3;
    store.answer = () => (failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(true));
    await jest.advanceTimersByTimeAsync(6_000);
    lock.assertHeld();
    expect(failures).toBeLessThan(0);
    await lock.release();
  });

  it.each([
    ['fails', () => Promise.reject<boolean>(new Error('away'))],
    ['is not answered', () => new Promise<boolean>(() => undefined)],
  ])('is lost shortly before its lease ends when every renewal %s', async (_how, answer) => {
    store.answer = answer;
    await jest.advanceTimersByTimeAsync(2_960);
    lock.assertHeld();
    await jest.advanceTimersByTimeAsync(11);
    expect(lock.signal.aborted).toBe(true);
    expect(() => lock.assertHeld()).toThrow('its lease may have run out');
  });

  it('counts a renewed lease from when it was asked for, not from the answer', async () => {
    let answer!: (renewed: boolean) => void;
    store.answer = () => new Promise<boolean>((resolve) => (answer = resolve));
    await jest.advanceTimersByTimeAsync(2_900); // asked at 1,000
    answer(true);
    await jest.advanceTimersByTimeAsync(1_000); // 3,900: the lease from 1,000 on ends at 4,000
    lock.assertHeld();
    await jest.advanceTimersByTimeAsync(71);
    expect(() => lock.assertHeld()).toThrow('its lease may have run out');
  });
});
