import fc from 'fast-check';
import { boundsOf, DAY_MS, HOUR_MS, WINDOWS } from './buckets.rules.js';
import { bucketsOf, intoBuckets, labelOf, sinceOf, unitFor, type Tally } from './statistics.rules.js';
import { UNITS } from './statistics-keys.js';
import { TimeZone } from './time-zone.js';

const NOW = new Date('2026-11-20T12:34:56.000Z');
const utc = new TimeZone('UTC');
const boundsIn = (window: (typeof WINDOWS)[number], zone: string, days = 10): number[] =>
  boundsOf(window, NOW.getTime() - days * DAY_MS, NOW.getTime(), new TimeZone(zone)) ?? [];

describe('usage statistics', () => {
  it('name the hour, the day and the Monday of an instant in UTC', () => {
    const sunday = new Date('2026-11-15T23:59:59.999Z');
    expect(UNITS.map((unit) => labelOf(unit, sunday))).toEqual(['2026-11-15T23', '2026-11-15', '2026-11-09']);
    expect(labelOf('weeks', new Date('2026-11-16T00:00:00.000Z'))).toBe('2026-11-16');
  });

  it('are put together from the coarsest unit that fits', () => {
    expect(WINDOWS.map((window) => unitFor(boundsIn(window, 'UTC'), NOW))).toEqual([
      'hours',
      'days',
      'weeks',
    ]);
    expect(unitFor(boundsIn('day', 'Europe/Berlin'), NOW)).toBe('hours');
    expect(unitFor(boundsIn('week', 'America/New_York'), NOW)).toBe('hours');
  });

  it('have no unit for zones that are half an hour off, and for what is too long ago', () => {
    expect(unitFor(boundsIn('day', 'Asia/Kolkata'), NOW)).toBeUndefined();
    expect(unitFor(boundsIn('day', 'Europe/Berlin', 30), NOW)).toBeUndefined();
    expect(unitFor([sinceOf('days', NOW) - DAY_MS, Date.parse('2026-11-20')], NOW)).toBeUndefined();
  });

  it('sort what is kept by hour into the same buckets as the instants themselves', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia'].map(
      (name) => new TimeZone(name),
    );
    const end = Date.parse('2026-03-31T00:00:00Z');
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...WINDOWS),
        fc.array(fc.integer({ min: end - 6 * DAY_MS, max: end }), { maxLength: 30 }),
        (zone, window, instants) => {
          const bounds = boundsOf(window, end - 5 * DAY_MS, end - DAY_MS, zone) ?? [];
          const kept = instants.map((instant): Tally => {
            const start = labelOf('hours', new Date(instant));
            return { start, characterId: 'c', kind: 'text', quantity: 1, tokens: 2 };
          });
          const buckets = bucketsOf(bounds, intoBuckets(bounds, kept));
          const inside = (from: string, to: string): number =>
            instants.filter((instant) => Date.parse(from) <= instant && instant < Date.parse(to)).length;
          for (const { start, end: until, text, tokens } of buckets)
            expect([text, tokens]).toEqual([inside(start, until), 2 * inside(start, until)]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('have every bucket, also those in which nothing was used', () => {
    const bounds = boundsOf('hour', NOW.getTime(), NOW.getTime() + 2 * HOUR_MS, utc) ?? [];
    const empty = { text: 0, audio: 0, media: 0, tokens: 0 };
    expect(bucketsOf(bounds, [])).toMatchObject([empty, empty, empty]);
  });
});
