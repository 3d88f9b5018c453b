import { FrequencySketch } from './frequency-sketch.js';
import { Clock, Lru, WTinyLfu, type Policy } from './policies.js';
import { KEYS, traces } from './traces.js';

const asked = (policy: Policy, names: readonly number[]): boolean[] => names.map((name) => policy.ask(name));

describe('the simulated policies', () => {
  it('LRU lets go what was used longest ago', () => {
    expect(asked(new Lru(2), [1, 2, 1, 3, 1, 2])).toEqual([false, false, true, false, true, false]);
  });

  it('CLOCK gives what was used a second chance', () => {
    expect(asked(new Clock(2), [1, 2, 1, 3, 1, 2])).toEqual([false, false, true, false, true, false]);
    expect(asked(new Clock(2), [1, 1, 2, 3, 4, 5, 1])).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('W-TinyLFU keeps what is asked for often through any number of others', () => {
    const policy = new WTinyLfu(100);
    const often = Array.from({ length: 80 }, (_, name) => name);
    for (let time = 0; time < 4; time++) asked(policy, often);
    for (let other = 0; other < 400; other++) policy.ask(1_000 + other);
    expect(asked(policy, often).filter(Boolean).length).toBeGreaterThan(75);
  });

  it('the sketch forgets by half', () => {
    const sketch = new FrequencySketch(8);
    for (let time = 0; time < 12; time++) sketch.count(1);
    expect(sketch.estimate(1)).toBe(12);
    for (let other = 0; other < 68; other++) sketch.count(2);
    expect(sketch.estimate(1)).toBe(6);
  });
});

it.each(traces)('the trace "$name" is the same each time', ({ requests }) => {
  const once = requests(2_000, 100);
  expect(once).toHaveLength(2_000);
  expect(requests(2_000, 100)).toEqual(once);
  expect(once.every((name) => Number.isInteger(name) && name >= 0 && name < KEYS)).toBe(true);
});
