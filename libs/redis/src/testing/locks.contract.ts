import type { RedisConnections } from '../connections/redis-connections.js';
import { Locks } from '../locks/locks.js';
import { LockLost, LockTimeout } from '../locks/lock.errors.js';
import { undisturbed } from './undisturbed.js';

/** Longer than any pause of the machine: who holds one of these holds it. */
const LONG = { leaseMs: 60_000 };

/** What locks promise, wherever they are kept. Every test has a prefix of its own. */
export function describeLocks(where: string, connect: () => RedisConnections): void {
  describe(`locks kept in ${where}`, () => {
    let run = 0;
    let locks: Locks;
    beforeEach(() => {
      locks = new Locks(connect(), { prefix: `locks-${process.pid}-${run++}` });
    });

    it('are held by one at a time, and free again when they are given back', async () => {
      const lock = await locks.acquire('a', LONG);
      await expect(locks.acquire('a', LONG)).rejects.toMatchObject({ code: 'lock-timeout', lock: 'a' });
      const other = await locks.acquire('b', LONG);
      expect(await lock.release()).toBe(true);
      await (await locks.acquire('a', LONG)).release();
      await other.release();
    });

    it('let exactly one of many work, each in turn, and serve all of them', async () => {
      let inside = 0;
      let most = 0;
      let value = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++inside);
        const seen = value;
        await new Promise(setImmediate);
        value = seen + 1;
        inside--;
      };
      await Promise.all(
        Array.from({ length: 20 }, () => locks.withLock('a', work, { ...LONG, waitMs: 20_000 })),
      );
      expect([most, value]).toEqual([1, 20]);
    });

    it('have fences that rise with every holder and are whole numbers', async () => {
      const fences: number[] = [];
      for (let holder = 0; holder < 50; holder++) {
        await locks.withLock('a', ({ fence }) => Promise.resolve(void fences.push(fence)), LONG);
      }
      expect(fences.every(Number.isSafeInteger)).toBe(true);
      expect(fences.every((fence, at) => at === 0 || fence > fences[at - 1]!)).toBe(true);
    });

    it('take whatever name they are given for itself', async () => {
      const names = ['a', '{a}', '}', '{}', 'a}b', '%7Ba', 'a:fence', 'ünï 🔒', ' ', 'x'.repeat(512)];
      const held = await Promise.all(names.map((name) => locks.acquire(name, LONG)));
      expect(await Promise.all(held.map((lock) => lock.release()))).toEqual(names.map(() => true));
      await expect(locks.acquire('')).rejects.toThrow(RangeError);
      await expect(locks.acquire('x'.repeat(513))).rejects.toThrow(RangeError);
      await expect(locks.acquire('a', { leaseMs: 49 })).rejects.toThrow(RangeError);
    });

    it('are renewed while their holder lives', () =>
      undisturbed(100, async () => {
        const name = `of attempt ${run++}`;
        const lock = await locks.acquire(name, { leaseMs: 500 });
        await expect(locks.acquire(name, { waitMs: 700 })).rejects.toThrow(LockTimeout);
        lock.assertHeld();
        expect(lock.signal.aborted).toBe(false);
        expect(await lock.release()).toBe(true);
      }));

    it('wait for as long as they are told, and no longer', async () => {
      const lock = await locks.acquire('a', LONG);
      const started = performance.now();
      const late = locks.acquire('a', { waitMs: 100 });
      await expect(late).rejects.toThrow('held by somebody else, also after 100 ms');
      expect(performance.now() - started).toBeGreaterThanOrEqual(99);
      const next = locks.acquire('a', { ...LONG, waitMs: 20_000 });
      await lock.release();
      await (await next).release();
    });

    it('stop waiting when they are told to, and leave nothing taken', async () => {
      const lock = await locks.acquire('a', LONG);
      const stop = new AbortController();
      const waiting = locks.acquire('a', { waitMs: 20_000, signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
      await lock.release();
      await expect(locks.acquire('a', { signal: stop.signal })).rejects.toThrow('enough');
      // Aborted while the taking itself is on its way.
      const late = new AbortController();
      const taking = locks.acquire('a', { signal: late.signal });
      late.abort(new Error('too late'));
      await expect(taking).rejects.toThrow('too late');
      await (await locks.acquire('a', LONG)).release();
    });

    it('are lost, and known to be lost, when nothing has run for longer than the lease', () =>
      undisturbed(15, async () => {
        const name = `of attempt ${run++}`;
        const lock = await locks.acquire(name, { leaseMs: 60 });
        const { signal } = lock;
        blockFor(80);
        // No timer has run since.
        expect(() => lock.assertHeld()).toThrow(LockLost);
        expect(signal.aborted).toBe(true);
        expect(signal.reason).toBeInstanceOf(LockLost);
        expect(await lock.release()).toBe(false);
        const next = await locks.acquire(name, { ...LONG, waitMs: 5_000 });
        expect(next.fence).toBeGreaterThan(lock.fence);
        await next.release();
      }));

    it('do not let who has lost them give back, or keep, the lock of the next', () =>
      undisturbed(15, async () => {
        const name = `of attempt ${run++}`;
        const lost = await locks.acquire(name, { leaseMs: 60 });
        blockFor(80);
        const next = await locks.acquire(name, { ...LONG, waitMs: 5_000 });
        expect(await lost.release()).toBe(false);
        await expect(locks.acquire(name, LONG)).rejects.toThrow(LockTimeout);
        expect(await next.release()).toBe(true);
      }));

    it('are given back once', async () => {
      const lock = await locks.acquire('a', LONG);
      expect([await lock.release(), await lock.release()]).toEqual([true, false]);
      expect(() => lock.assertHeld()).toThrow('no longer held: it was given back');
      expect(lock.signal.aborted).toBe(false);
    });

    describe('around work', () => {
      it('give what it gives, and are free after it', async () => {
        expect(await locks.withLock('a', () => Promise.resolve(7), LONG)).toBe(7);
        await expect(locks.withLock('a', () => Promise.reject(new Error('failed')))).rejects.toThrow(
          'failed',
        );
        await (await locks.acquire('a', LONG)).release();
      });

      it('are not taken for work that they then do not run', async () => {
        const lock = await locks.acquire('a', LONG);
        const work = jest.fn(() => Promise.resolve());
        await expect(locks.withLock('a', work, { waitMs: 20 })).rejects.toThrow(LockTimeout);
        expect(work).not.toHaveBeenCalled();
        await lock.release();
      });

      it('say so when they were lost before its end', () =>
        undisturbed(15, async () => {
          const name = `of attempt ${run++}`;
          const work = locks.withLock(name, () => Promise.resolve(blockFor(80)), { leaseMs: 60 });
          await expect(work).rejects.toThrow(LockLost);
        }));
    });
  });
}

/** Keeps this process from doing anything, as a pause does. */
function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
