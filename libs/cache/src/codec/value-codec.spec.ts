import fc from 'fast-check';
import { CacheValueError } from '../cache.errors.js';
import { ValueCodec } from './value-codec.js';

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
  toString(): string {
    return `${this.amount} ${this.currency}`;
  }
}

const codec = new ValueCodec('things', [Money]);
const roundTrip = (value: unknown): unknown => codec.decode(codec.encode(value))!.value;

describe('the value codec', () => {
  it('returns what it was given, for anything it takes', () => {
    const value = fc.anything({
      withBigInt: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: false,
      maxDepth: 4,
    });
    fc.assert(
      fc.property(value, fc.date({ noInvalidDate: true }), (rest, at) => {
        const given = { rest, dates: new Set([at]) };
        expect(roundTrip(given)).toStrictEqual(given);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [{ $t: ['d', 0] }],
    [{ nested: [{ $t: 1, other: new Date(0) }] }],
    [JSON.parse('{"__proto__": {"admin": true}}') as unknown],
    [new Map<unknown, unknown>([[{ $t: ['u'] }, undefined]])],
    ['2026-01-02T03:04:05.678Z'],
    ['j"text"'],
    ['\ud800'],
    [-0],
  ])('is not fooled by %p', (value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('keeps a date that is invalid', () => {
    const date = roundTrip(new Date(Number.NaN)) as Date;
    expect(date).toBeInstanceOf(Date);
    expect(date.getTime()).toBeNaN();
  });

  it('brings bytes back in the class they had', () => {
    expect(roundTrip(Buffer.from([0, 255]))).toStrictEqual(Buffer.from([0, 255]));
    expect(Buffer.isBuffer(roundTrip(new Uint8Array([1, 2])))).toBe(false);
    expect(roundTrip(new Uint8Array([1, 2]))).toStrictEqual(new Uint8Array([1, 2]));
  });

  it('brings registered classes back as themselves', () => {
    const [money] = roundTrip([new Money(5n, 'EUR')]) as [Money];
    expect(money).toBeInstanceOf(Money);
    expect(String(money)).toBe('5 EUR');
  });

  it('keeps plain data as plain JSON', () => {
    expect(codec.encode({ a: [1, 'x', null, true] })).toBe('j{"a":[1,"x",null,true]}');
  });

  it('returns values that refuse every change', () => {
    const value = roundTrip({ at: new Date(0), map: new Map([[1, { deep: [1] }]]), set: new Set([1]) }) as {
      at: Date;
      map: Map<number, { deep: number[] }>;
      set: Set<number>;
    };
    expect(() => value.at.setFullYear(1999)).toThrow(/shared and immutable/);
    expect(() => value.map.set(2, { deep: [] })).toThrow(/shared and immutable/);
    expect(() => value.set.clear()).toThrow(/shared and immutable/);
    expect(() => value.map.get(1)!.deep.push(2)).toThrow(TypeError);
    expect(value.at.getTime()).toBe(0);
    expect([value.at instanceof Date, value.map instanceof Map, value.set instanceof Set]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('takes back what it has returned', () => {
    const value = { at: new Date(5), map: new Map([[1, new Set(['x'])]]), money: new Money(1n, 'USD') };
    expect(roundTrip(roundTrip(value))).toStrictEqual(value);
  });

  it('leaves the given object as it was', () => {
    const given = { list: [1] };
    roundTrip(given);
    expect(Object.isFrozen(given) || Object.isFrozen(given.list)).toBe(false);
  });

  class Unregistered {}
  class Timestamp extends Date {}
  class Registry extends Map<string, string> {}
  it.each([
    [
      { user: new Unregistered() },
      'at user is an instance of Unregistered; register it in classes: [Unregistered]',
    ],
    [{ list: [{ call: () => 1 }] }, 'at list[0].call is a function'],
    [Symbol('s'), 'the value is a symbol'],
    [new Map([['k', /x/]]), 'at <value 0> is an instance of RegExp'],
    [{ at: new Timestamp(0) }, 'at at is an instance of Timestamp'],
    [{ all: new Registry() }, 'at all is an instance of Registry'],
    [Object.assign([], { length: 3 }), 'an array with holes'],
    [Promise.resolve(1), 'an instance of Promise'],
    [new Float64Array(1), 'an instance of Float64Array'],
  ])('refuses %p, naming the cache and the place', (value, message) => {
    expect(() => codec.encode(value)).toThrow(CacheValueError);
    expect(() => codec.encode(value)).toThrow(message);
    expect(() => codec.encode(value)).toThrow('cache "things": the value');
  });

  it('refuses a value that contains itself', () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    expect(() => codec.encode(ring)).toThrow(/refers to itself/);
  });

  it('reads the text of a class it no longer knows, and of an unknown form, as nothing', () => {
    expect(new ValueCodec('things').decode(codec.encode(new Money(1n, 'EUR')))).toBeUndefined();
    expect(codec.decode('x{}')).toBeUndefined();
  });
});
