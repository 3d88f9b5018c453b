import { isNestedDeeperThan } from './nesting.js';

const nested = (levels: number): unknown =>
  JSON.parse('[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2));

describe('isNestedDeeperThan', () => {
  it('counts arrays and objects, not scalars', () => {
    expect(isNestedDeeperThan(1, 0)).toBe(false);
    expect(isNestedDeeperThan([], 0)).toBe(true);
    expect(isNestedDeeperThan({ a: [1, null] }, 2)).toBe(false);
    expect(isNestedDeeperThan({ a: [{}] }, 2)).toBe(true);
  });

  it('looks at depths that would overflow a recursive walk', () => {
    expect(isNestedDeeperThan(nested(200_000), 100)).toBe(true);
    expect(isNestedDeeperThan(nested(100), 100)).toBe(false);
  });
});
