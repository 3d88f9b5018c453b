import { cacheControl, parseCacheControl, type ClientFreshness } from './cache-control.js';
import { askedOf } from './request-directives.js';
import { varyWith } from './vary.js';

const fresh = (options: Partial<ClientFreshness>): ClientFreshness => ({
  shared: false,
  maxAge: 0,
  mustRevalidate: false,
  ...options,
});

describe('Cache-Control', () => {
  it('is read in any case, with quotes and with extensions', () => {
    expect([...parseCacheControl('Max-Age=60, private="Set-Cookie, X", NO-CACHE , ext = 1')]).toEqual([
      ['max-age', '60'],
      ['private', 'Set-Cookie, X'],
      ['no-cache', true],
      ['ext', '1'],
    ]);
  });

  it.each([
    [
      'nothing may be used unasked',
      fresh({ mustRevalidate: true }),
      10,
      90,
      'private, max-age=0, must-revalidate',
    ],
    ['a lifetime counts from now', fresh({ maxAge: 60 }), 10, 90, 'private, max-age=70'],
    ['but no longer than the cache keeps it', fresh({ maxAge: 60 }), 80, 20, 'private, max-age=100'],
    [
      'shared caches have their own',
      fresh({ shared: true, maxAge: 5, sharedMaxAge: 60, staleWhileRevalidate: 30 }),
      10,
      90,
      'public, max-age=15, s-maxage=70, stale-while-revalidate=30',
    ],
  ])('says how long a response may be used: %s', (_what, freshness, age, left, expected) => {
    expect(cacheControl(freshness, age, left)).toBe(expected);
  });
});

it.each([
  ['all', 'no-cache', { noStore: false, onlyIfCached: false, maxAge: -1 }],
  ['all', 'max-age=0', { noStore: false, onlyIfCached: false, maxAge: -1 }],
  ['all', 'max-age=soon', { noStore: false, onlyIfCached: false, maxAge: -1 }],
  ['all', 'max-age=5, only-if-cached', { noStore: false, onlyIfCached: true, maxAge: 5 }],
  ['no-store', 'no-store, no-cache', { noStore: true, onlyIfCached: false, maxAge: Infinity }],
  ['ignore', 'no-store', { noStore: false, onlyIfCached: false, maxAge: Infinity }],
] as const)('a route that hears %s of a request hears of "%s"', (honoured, field, asked) => {
  const request = { method: 'GET', headers: { 'cache-control': field }, params: {}, query: {} };
  expect(askedOf(request, honoured)).toEqual(asked);
});

it.each([
  [undefined, ['a', 'b'], 'a, b'],
  ['A, Origin', ['a', 'b'], 'A, Origin, b'],
  ['*', ['a'], '*'],
])('Vary %p with %p is %p', (field, names, expected) => {
  expect(varyWith(field, names)).toBe(expected);
});
