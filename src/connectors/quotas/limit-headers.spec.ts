import type { ProviderLimit } from '../registry/provider.js';
import { readLimit, type LimitReading } from './limit-headers.js';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const DAY_MS = 86_400_000;
const PLAIN: ProviderLimit = { per: 'app', requests: 100, windowMs: 30_000 };
const GITHUB: ProviderLimit = {
  ...PLAIN,
  headers: {
    limit: 'x-ratelimit-limit',
    remaining: 'x-ratelimit-remaining',
    reset: 'x-ratelimit-reset',
    resetIs: 'epoch',
  },
};
const REDDIT: ProviderLimit = {
  ...PLAIN,
  headers: { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', resetIs: 'delta' },
};

const read = (
  status: number,
  headers: Record<string, string>,
  limit = PLAIN,
  body?: unknown,
): LimitReading | undefined => readLimit({ status, headers: new Headers(headers), body }, limit, NOW);
const epoch = (inSeconds: number): string => String(NOW / 1000 + inSeconds);
const httpDate = (inMs: number): string => new Date(NOW + inMs).toUTCString();

it('says nothing of an answer that tells nothing', () => {
  expect(read(200, {})).toBeUndefined();
  expect(read(403, {})).toBeUndefined();
  expect(read(500, {})).toBeUndefined();
  expect(read(503, {})).toBeUndefined();
});

it.each<
  [what: string, status: number, headers: Record<string, string>, limit: ProviderLimit, expected: object]
>([
  ['seconds', 429, { 'retry-after': '7' }, PLAIN, { blockedForMs: 7_000 }],
  ['fractions of a second', 429, { 'retry-after': '0.3' }, PLAIN, { blockedForMs: 1_000 }],
  ['an HTTP date', 429, { 'retry-after': httpDate(9_000) }, PLAIN, { blockedForMs: 9_000 }],
  ['nothing: a minute, or a window', 429, {}, PLAIN, { blockedForMs: 30_000 }],
  ['a date that is over', 429, { 'retry-after': httpDate(-9_000) }, PLAIN, { blockedForMs: 30_000 }],
  ['a negative number', 429, { 'retry-after': '-5' }, PLAIN, { blockedForMs: 30_000 }],
  ['no number', 429, { 'retry-after': 'soon' }, PLAIN, { blockedForMs: 30_000 }],
  ['ten years', 429, { 'retry-after': '315360000' }, PLAIN, { blockedForMs: DAY_MS }],
  ['ten years as a date', 429, { 'retry-after': httpDate(3_650 * DAY_MS) }, PLAIN, { blockedForMs: DAY_MS }],
  ['403 with Retry-After', 403, { 'retry-after': '60' }, GITHUB, { blockedForMs: 60_000 }],
  [
    '403 with nothing left',
    403,
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(90) },
    GITHUB,
    { blockedForMs: 90_000, remaining: 0 },
  ],
  ['503 with Retry-After', 503, { 'retry-after': '3' }, PLAIN, { blockedForMs: 3_000 }],
])('reads a refusal with %s', (_what, status, headers, limit, expected) => {
  expect(read(status, headers, limit)).toMatchObject({ isRefused: true, ...expected });
});

it('takes a refusal from what the platform declares for its body', () => {
  const limit: ProviderLimit = {
    ...GITHUB,
    busyMs: ({ body }) => (body === 'slow down' ? 60_000 : undefined),
  };
  expect(read(403, {}, limit, 'slow down')).toEqual({ isRefused: true, blockedForMs: 60_000 });
  expect(read(403, {}, limit, 'forbidden')).toBeUndefined();
  expect(read(200, {}, limit, 'slow down')).toBeUndefined();
});

it.each<[what: string, headers: Record<string, string>, limit: ProviderLimit, expected: object]>([
  [
    'X-RateLimit with an epoch',
    { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': epoch(60) },
    GITHUB,
    { limit: 5_000, remaining: 4_999, resetsInMs: 60_000 },
  ],
  [
    'X-Ratelimit with fractions and a delta',
    { 'x-ratelimit-remaining': '599.0', 'x-ratelimit-reset': '119.5' },
    REDDIT,
    { remaining: 599, resetsInMs: 119_500 },
  ],
  [
    'X-RateLimit that nobody declared',
    { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': epoch(30) },
    PLAIN,
    { remaining: 5, resetsInMs: 30_000 },
  ],
  ['RateLimit', { ratelimit: '"default";r=50;t=30' }, PLAIN, { remaining: 50, resetsInMs: 30_000 }],
  [
    'RateLimit and its policy',
    { ratelimit: '"day";r=50;t=30', 'ratelimit-policy': '"minute";q=10;w=60, "day";q=800;w=86400' },
    PLAIN,
    { limit: 800, remaining: 50 },
  ],
  [
    'several of RateLimit',
    { ratelimit: '"minute";r=5;t=30, "day";r=3;t=900, "week";r=8;t=1' },
    PLAIN,
    { remaining: 3, resetsInMs: 900_000 },
  ],
  [
    'RateLimit of an older draft',
    { ratelimit: 'limit=100, remaining=7, reset=20' },
    PLAIN,
    { limit: 100, remaining: 7, resetsInMs: 20_000 },
  ],
  [
    'RateLimit-* of the oldest draft',
    { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '9', 'ratelimit-reset': '11' },
    PLAIN,
    { limit: 100, remaining: 9, resetsInMs: 11_000 },
  ],
])('reads %s', (_what, headers, limit, expected) => {
  const reading = read(200, headers, limit);
  expect(reading).toMatchObject({ isRefused: false, ...expected });
  expect(reading).not.toHaveProperty('blockedForMs');
});

it('blocks when nothing is left, until there is more', () => {
  const spent = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12.5' };
  expect(read(200, spent, REDDIT)).toMatchObject({ isRefused: false, blockedForMs: 12_500 });
});

it("takes times relative to the platform's own clock", () => {
  const skewMs = 3 * 3_600_000;
  const headers = {
    date: httpDate(skewMs),
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': epoch(skewMs / 1000 + 40),
  };
  expect(read(200, headers, GITHUB)).toMatchObject({ blockedForMs: 40_000 });
  expect(read(429, { date: httpDate(-skewMs), 'retry-after': httpDate(-skewMs + 5_000) })).toMatchObject({
    blockedForMs: 5_000,
  });
});

it.each<Record<string, string>>([
  { 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '-9' },
  { 'x-ratelimit-remaining': 'many' },
  { 'x-ratelimit-remaining': 'NaN', 'x-ratelimit-reset': 'Infinity' },
  { ratelimit: ';;;r=;t' },
])('takes %j for nothing', (headers) => {
  expect(read(200, headers, REDDIT)).toBeUndefined();
});

it('bounds what is too large', () => {
  const headers = { 'x-ratelimit-remaining': '99999999999999999999', 'x-ratelimit-reset': '1e9' };
  expect(read(200, headers, REDDIT)).toMatchObject({ remaining: 1_000_000_000 });
  const distant = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '999999999999' };
  expect(read(200, distant, REDDIT)).toMatchObject({ resetsInMs: DAY_MS, blockedForMs: DAY_MS });
});
