import type { RedisConnections } from '../connections/redis-connections.js';
import { Keys } from '../keys/keys.js';
import { undisturbed } from './undisturbed.js';
import { until } from './until.js';

/** What keys promise, wherever they are kept. Every test has a prefix of its own. */
export function describeKeys(where: string, connect: () => RedisConnections): void {
  describe(`keys kept in ${where}`, () => {
    let run = 0;
    let keys: Keys;
    beforeEach(() => {
      keys = new Keys(connect(), { prefix: `keys-${process.pid}-${run++}`, maxValueBytes: 1_000 });
    });
    afterEach(() => keys.close());

    it('hold anything that JSON can say, until it is replaced or deleted', async () => {
      for (const value of [0, '', null, false, 'ä', [1, { a: null }], { 'b c': '__proto__' }]) {
        await keys.set('a', value);
        expect(await keys.get('a')).toEqual(value);
      }
      expect(await keys.get('b')).toBeUndefined();
      expect(await keys.delete('a', 'b', 'a')).toBe(1);
      expect(await keys.get('a')).toBeUndefined();
    });

    it('end after their time, and stay without one', () =>
      undisturbed(15, async () => {
        await keys.set('brief', 1, { ttlMs: 50.5 });
        await keys.set('renewed', 1, { ttlMs: 50 });
        await keys.set('renewed', 2);
        expect(await keys.get('brief')).toBe(1);
        await until(async () => (await keys.get('brief')) === undefined);
        expect(await keys.get('renewed')).toBe(2);
      }));

    it('refuse what they cannot hold, and say why', async () => {
      await expect(keys.set('a', undefined)).rejects.toThrow(TypeError);
      await expect(keys.set('a', 'é'.repeat(500))).rejects.toThrow(/1002 bytes, more than 1000/);
      await expect(keys.set('a', 1, { ttlMs: 0 })).rejects.toThrow(/above 0/);
      await expect(keys.set('', 1)).rejects.toThrow(/1 to 1024 bytes/);
      await expect(keys.get('é'.repeat(513))).rejects.toThrow(/not 1026/);
      expect(await keys.get('a')).toBeUndefined();
    });

    it('are deleted by pattern: what fits goes, the rest stays', async () => {
      const names = ['user:1:profile', 'user:2:profile', 'user:2:name', 'room:1:profile', 'user:*:x'];
      await Promise.all(names.map((name) => keys.set(name, name)));
      expect(await keys.deleteByPattern('user:?:profile')).toBe(2);
      expect(await keys.deleteByPattern(String.raw`user:\*:*`)).toBe(1);
      expect(await keys.deleteByPattern('nothing*')).toBe(0);
      const left = await Promise.all(names.map((name) => keys.get(name)));
      expect(left).toEqual([undefined, undefined, 'user:2:name', 'room:1:profile', undefined]);
    });

    it('say how far a deletion has come, and stop when told to', async () => {
      const names = Array.from({ length: 300 }, (_, at) => `k${at}`);
      await Promise.all(names.map((name) => keys.set(name, 1)));
      const stop = new AbortController();
      const progress: number[] = [];
      const deletion = keys.deleteByPattern('k*', {
        batchSize: 20,
        signal: stop.signal,
        onProgress: (deleted) => {
          progress.push(deleted);
          if (deleted > 50) stop.abort(new Error('enough'));
        },
      });
      await expect(deletion).rejects.toThrow('enough');
      const left = (await Promise.all(names.map((name) => keys.get(name)))).filter((value) => value === 1);
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      expect(left.length).toBeGreaterThan(0);
      expect(left).toHaveLength(300 - (progress.at(-1) ?? 0));
      expect(await keys.deleteByPattern('*')).toBe(left.length);
    });
  });
}
