import fc from 'fast-check';
import { boundsOf, DAY_MS, HOUR_MS, MAX_BUCKETS, startOf, type Window } from './buckets.rules.js';
import { TimeZone } from './time-zone.js';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
  'America/Sao_Paulo',
].map((name) => new TimeZone(name));

const zoned = (name: string): TimeZone => new TimeZone(name);

const at = (text: string): number => Date.parse(text);
const iso = (instants: readonly number[] | undefined): string[] =>
  (instants ?? []).map((instant) => new Date(instant).toISOString());
const lengths = (bounds: readonly number[] | undefined): number[] =>
  (bounds ?? []).slice(1).map((end, index) => (end - (bounds?.[index] ?? 0)) / HOUR_MS);

/** Asked of Intl, in words of its own rather than through the clock that is tested. */
const labelOf = (window: Window, instant: number, { name: timeZone }: TimeZone): string => {
  const date = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(instant);
  if (window === 'day') return date;
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', timeZoneName: 'longOffset' });
  return window === 'hour' ? `${date} ${hour.format(instant)}` : date;
};
const weekdayOf = (instant: number, { name: timeZone }: TimeZone): string =>
  new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short' }).format(instant);

const zone = fc.constantFrom(...ZONES);
const instant = fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2060-01-01T00:00:00Z') });
const changes = [
  '2011-12-30T10:00Z',
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
];
/** Half of them within two days of an hour at which a clock is changed. */
const moment = fc.oneof(
  instant,
  fc
    .tuple(fc.constantFrom(...changes.map(at)), fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }))
    .map(([change, away]) => change + away),
);

describe('the buckets of a time zone', () => {
  it('hold every instant of one local date, and no other', () => {
    fc.assert(
      fc.property(zone, moment, fc.double({ min: 0, max: 1, noNaN: true }), (place, when, share) => {
        const [start = 0, end = 0] = boundsOf('day', when, when + 1, place) ?? [];
        const inside = Math.floor(start + share * (end - 1 - start));
        expect(start <= when && when < end).toBe(true);
        expect(labelOf('day', inside, place)).toBe(labelOf('day', when, place));
        expect(labelOf('day', start - 1, place)).not.toBe(labelOf('day', when, place));
        expect(labelOf('day', end, place)).not.toBe(labelOf('day', when, place));
      }),
      { numRuns: 150 },
    );
  });

  it('begin weeks on Monday, and none within one', () => {
    fc.assert(
      fc.property(zone, moment, (place, when) => {
        const [start = 0, end = 0, ...more] = boundsOf('week', when, when + 1, place) ?? [];
        expect(more).toEqual([]);
        expect(start <= when && when < end).toBe(true);
        expect([weekdayOf(start, place), weekdayOf(end, place)]).toEqual(['Mon', 'Mon']);
        expect([weekdayOf(start - 1, place), weekdayOf(end - 1, place)]).toEqual(['Sun', 'Sun']);
        expect(end - start).toBeLessThanOrEqual(7 * DAY_MS + HOUR_MS);
      }),
      { numRuns: 100 },
    );
  });

  it('hold hours in which the clock shows one hour, and are the same from wherever one begins', () => {
    fc.assert(
      fc.property(zone, moment, (place, when) => {
        const bounds = boundsOf('hour', when, when + 6 * HOUR_MS, place) ?? [];
        for (const [index, end] of bounds.slice(1).entries()) {
          const start = bounds[index] ?? 0;
          const hours = [start, end - 1].map((edge) => Math.floor(place.clockAt(edge) / HOUR_MS));
          expect(hours[0]).toBe(hours[1]);
          expect(startOf('hour', start, place)).toBe(start);
          expect(startOf('hour', end - 1, place)).toBe(start);
          expect(end - start).toBeLessThanOrEqual(1.5 * HOUR_MS);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('follow each other without a gap over a year, whatever is done to the clocks', () => {
    for (const place of ZONES) {
      const bounds = boundsOf('day', at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'), place) ?? [];
      expect(new Set(bounds.map((bound) => labelOf('day', bound, place))).size).toBe(bounds.length);
      for (const length of lengths(bounds)) expect([23, 23.5, 24, 24.5, 25]).toContain(length);
    }
  });

  it('make a day of 23 and one of 25 hours where the clocks are changed', () => {
    const days = (month: string): number[] =>
      lengths(
        boundsOf('day', at(`2026-${month}Z`), at(`2026-${month}Z`) + 3 * DAY_MS, zoned('Europe/Berlin')),
      );
    expect(days('03-28T12:00')).toEqual([24, 23, 24, 24]);
    expect(days('10-24T12:00')).toEqual([24, 25, 24, 24]);
  });

  it('show the repeated hour twice and the one that is left out not at all', () => {
    const berlin = zoned('Europe/Berlin');
    const hours = (from: string, to: string): number[] => lengths(boundsOf('hour', at(from), at(to), berlin));
    expect(hours('2026-03-28T23:00Z', '2026-03-29T22:00Z')).toEqual(Array(23).fill(1));
    expect(hours('2026-10-24T22:00Z', '2026-10-25T23:00Z')).toEqual(Array(25).fill(1));
  });

  it('know a zone that changes by half an hour', () => {
    const lordHowe = zoned('Australia/Lord_Howe');
    expect(lengths(boundsOf('hour', at('2026-10-03T14:00Z'), at('2026-10-03T17:00Z'), lordHowe))).toContain(
      0.5,
    );
    expect(lengths(boundsOf('day', at('2026-10-03T14:00Z'), at('2026-10-03T17:00Z'), lordHowe))).toEqual([
      23.5,
    ]);
  });

  it('leave out the day that Samoa left out', () => {
    const bounds = boundsOf(
      'day',
      at('2011-12-29T12:00:00Z'),
      at('2011-12-31T12:00:00Z'),
      zoned('Pacific/Apia'),
    );
    expect(iso(bounds)).toEqual([
      '2011-12-29T10:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
      '2011-12-31T10:00:00.000Z',
      '2012-01-01T10:00:00.000Z',
    ]);
  });

  it('are whole, and refused beyond 400', () => {
    const from = at('2026-01-01T00:30:00Z');
    const utc = zoned('UTC');
    expect(boundsOf('hour', from, from + (MAX_BUCKETS - 1) * HOUR_MS, utc)).toHaveLength(MAX_BUCKETS + 1);
    expect(boundsOf('hour', from, from + MAX_BUCKETS * HOUR_MS, utc)).toBeUndefined();
    expect(boundsOf('week', from, at('9999-01-01T00:00:00Z'), utc)).toBeUndefined();
  });
});
