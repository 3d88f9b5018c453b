import { defineCache } from './cache-declaration.js';
import { durationMs } from './duration.js';

describe('defineCache', () => {
  it.each([
    [{ name: 'a', ttl: 0 }, /cache "a": ttl is 0; use a positive number/],
    [{ name: 'a', ttl: -5 }, /cache "a": ttl is -5/],
    [{ name: 'a', ttl: '5 parsecs' }, /cache "a": ttl is "5 parsecs"; use .* "30s", "5m"/],
    [{ name: 'a', ttl: '1m', l1: { ttl: '2m' } }, /cache "a": l1\.ttl is longer than ttl/],
    [{ name: 'a b' }, /Cache name "a b" is not usable/],
    [{ name: '' }, /Cache name "" is not usable/],
    [{ name: 'a', version: 0.5 }, /cache "a": version is 0\.5; use a whole number/],
    [{ name: 'a', key: 'id' as unknown as () => [] }, /cache "a": key must be a function/],
    [{ name: 'a', classes: [Date, Date] }, /cache "a": classes holds two classes named Date/],
  ])('refuses %p with a message that names the cache and the fix', (options, message) => {
    expect(() => defineCache<[], unknown>(options)).toThrow(message);
  });

  it('reads durations', () => {
    expect(['250ms', '30s', '5m', '6h', '1.5d', 42].map((text) => durationMs(text, 'x'))).toEqual([
      250, 30_000, 300_000, 21_600_000, 129_600_000, 42,
    ]);
  });
});
