import { BoundedMap } from './bounded-map.js';

describe('a bounded map', () => {
  it('forgets the oldest first, and what was set again is young', () => {
    const map = new BoundedMap<number>(3);
    for (const key of ['a', 'b', 'c']) map.set(key, 1);
    map.set('a', 2);
    map.set('d', 1);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([2, undefined, 1, 1]);
  });

  it('goes on with the oldest after deletes and clears', () => {
    const map = new BoundedMap<number>(2);
    for (let round = 0; round < 5; round++) {
      for (const key of ['a', 'b', 'c', 'd']) map.set(`${key}${round}`, round);
      expect(map.get(`b${round}`)).toBeUndefined();
      expect(map.get(`c${round}`)).toBe(round);
      map.delete(`c${round}`);
      if (round % 2) map.clear();
    }
    map.set('x', 1);
    map.set('y', 1);
    map.set('z', 1);
    expect(['x', 'y', 'z'].map((key) => map.get(key))).toEqual([undefined, 1, 1]);
  });
});
