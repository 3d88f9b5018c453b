import fc from 'fast-check';
import { encodeKey, encodeTag, LONGEST_PLAIN_KEY } from './key-encoding.js';

const part: fc.Arbitrary<unknown> = fc.letrec<{ part: unknown }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      '1',
      'true',
      'null',
      '~u',
      '~n1',
      'a:b',
      'a,b',
      '(',
      '%',
      '%3A',
      'undefined',
      '\ud800',
      '\ufffd',
    ),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('part'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('part'), { maxKeys: 3 }),
  ),
})).part;

/** Whether two values are the same key part; -0 and 0, 1 and "1" are not. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.keys(a).sort(), Object.keys(b).sort()];
  return (
    left.length === right.length &&
    left.every((key, at) => key === right[at] && same(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

describe('the key encoding', () => {
  it.each([
    ['user:profile', ['u-1'], 'user:profile:u-1'],
    ['conversation', ['u1', 'c1'], 'conversation:u1:c1'],
    ['characters:list', [], 'characters:list'],
    ['personality', ['c1', 'f00d'], 'personality:c1:f00d'],
    ['context', ['org1', '+14155550100'], 'context:org1:+14155550100'],
  ])('leaves safe text as it is: %s %p', (name, parts, key) => {
    expect(encodeKey(name, parts)).toBe(key);
  });

  it('gives equal lists of parts one key, and no others: over a million pairs', () => {
    // Few values that look alike, so that equal lists and near misses are common; and anything at all.
    const alike = fc.constantFrom<unknown>(
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      '',
      '~n1',
      0,
      -0,
    );
    const nested = fc.oneof(
      alike,
      fc.array(alike, { maxLength: 2 }),
      fc.record({ a: alike }, { requiredKeys: [] }),
    );
    const list = fc.oneof(fc.array(nested, { maxLength: 2 }), fc.array(part, { maxLength: 3 }));
    const LISTS = 150;
    let pairs = 0;
    let equal = 0;
    const anyTwo = fc.property(fc.array(list, { minLength: LISTS, maxLength: LISTS }), (lists) => {
      const keys = lists.map((parts) => encodeKey('c', parts));
      for (let a = 0; a < LISTS; a++) {
        for (let b = a + 1; b < LISTS; b++) {
          const areSame = same(lists[a], lists[b]);
          pairs++;
          if (areSame) equal++;
          if ((keys[a] === keys[b]) !== areSame)
            throw new Error(
              `${fc.stringify(lists[a])} and ${fc.stringify(lists[b])} have ${keys[a]} and ${keys[b]}`,
            );
        }
      }
    });
    fc.assert(anyTwo, { numRuns: 100 });
    expect(pairs).toBeGreaterThan(1_000_000);
    expect(equal).toBeGreaterThan(10_000);
  });

  it('gives equal objects one key, whatever the order of their properties', () => {
    expect(encodeKey('c', [{ limit: 5, q: 'x' }])).toBe(encodeKey('c', [{ q: 'x', limit: 5 }]));
  });

  it('holds no brace, space or line break, so that it can stand in a hash tag and in a message', () => {
    fc.assert(fc.property(fc.array(part), (parts) => !/[{}\s]/.test(encodeKey('c', parts))));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (tag) => !/[{}\s]/.test(encodeTag(tag))));
  });

  it('stays short: long keys become a hash, which no text can imitate', () => {
    const long = 'x'.repeat(LONGEST_PLAIN_KEY + 1);
    const key = encodeKey('c', [long]);
    expect(key).toMatch(/^c:~h[A-Za-z0-9_-]{43}$/);
    expect(encodeKey('c', [key.slice(2)])).not.toBe(key);
    expect(encodeKey('c', [`${long}y`])).not.toBe(key);
  });

  it.each([
    [() => 1, 'key part 1 is a function'],
    [Symbol('s'), 'key part 1 is a symbol'],
    [new (class Actor {})(), 'key part 1 is an instance of Actor'],
    [{ filter: [new Map()] }, 'key part 1.filter[0] is an instance of Map'],
    [new Date(Number.NaN), 'key part 1 is an invalid date'],
  ])('refuses %p, naming the cache and the place', (value, message) => {
    expect(() => encodeKey('things', ['a', value])).toThrow(`cache "things": ${message}`);
  });

  it('refuses an object that contains itself', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect(() => encodeKey('things', [ring])).toThrow(/nested deeper than/);
  });
});
