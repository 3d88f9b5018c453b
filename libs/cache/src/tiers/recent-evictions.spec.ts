import { RecentEvictions } from './recent-evictions.js';
import type { Eviction } from './tier.js';

const tag = (name: number): Eviction => ({ kind: 'tag', tag: String(name) });

describe('recent evictions', () => {
  it('are given away once, without those that are too old', () => {
    const recent = new RecentEvictions(1_000, 100);
    for (const at of [0, 500, 900, 1_600]) recent.add([tag(at)], at);
    expect(recent.take(1_700)).toEqual([tag(900), tag(1_600)]);
    expect(recent.take(1_700)).toEqual([]);
  });

  it('are the last so many', () => {
    const recent = new RecentEvictions(1_000, 3);
    for (let at = 0; at < 1_000; at++) recent.add([tag(at)], 0);
    expect(recent.take(0)).toEqual([tag(997), tag(998), tag(999)]);
  });
});
