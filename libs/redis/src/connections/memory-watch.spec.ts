import { MemoryWatch } from './memory-watch.js';
import type { RedisMemory } from './server-info.js';

describe('the watch over memory', () => {
  const levels = (percents: (number | null)[], policy = 'noeviction'): (string | undefined)[] => {
    const watch = new MemoryWatch(80, 95);
    return percents.map((percent) => watch.note({ percent, policy } as RedisMemory)?.level);
  };

  it('says nothing below the threshold, and nothing where there is no limit', () => {
    expect(levels([0, 79.9, null, 40])).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('says each threshold once on the way up, also when the first is jumped over', () => {
    expect(levels([80, 85, 94, 95, 99])).toEqual(['warn', undefined, undefined, 'error', undefined]);
    expect(levels([50, 97, 98])).toEqual([undefined, 'error', undefined]);
  });

  it('does not repeat itself while memory moves around a threshold, and says when it is back', () => {
    expect(levels([81, 79, 81, 76, 80])).toEqual(['warn', undefined, undefined, undefined, undefined]);
    expect(levels([96, 90, 96, 74.9, 81])).toEqual(['error', undefined, undefined, 'log', 'warn']);
  });

  it('says what happens at the limit', () => {
    const at = (policy: string): string | undefined =>
      new MemoryWatch(80, 95).note({ percent: 81, policy } as RedisMemory)?.text;
    expect(at('noeviction')).toContain('refuses writes');
    expect(at('allkeys-lfu')).toContain('drops keys (allkeys-lfu)');
  });
});
