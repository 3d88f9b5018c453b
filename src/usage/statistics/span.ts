import { platformErrors } from '../../platform/errors/platform.errors.js';
import { DAY_MS, MAX_BUCKETS } from './buckets.rules.js';
import type { SpanQuery } from './statistics.dto.js';
import { TimeZone } from './time-zone.js';

/** Milliseconds since 1970; `to` is not part of it. */
export interface Span {
  from: number;
  to: number;
}

/**
 * The span a query means: `to` is now, this moment included, and `from` so much before it, unless told otherwise.
 * @throws validation-failed when it is none
 */
export function spanOf(query: SpanQuery, zone: TimeZone, now: Date, defaultMs: number): Span {
  const to = query.to === undefined ? now.getTime() + 1 : momentOf('to', query.to, zone, DAY_MS);
  const from = query.from === undefined ? to - defaultMs : momentOf('from', query.from, zone, 0);
  if (from < to) return { from, to };
  throw fault('to', 'before-from', 'to must be later than from.');
}

/** @throws validation-failed for a span of more days than may be asked for at once */
export function assertDays({ from, to }: Span): void {
  if (to - from > MAX_BUCKETS * DAY_MS) throw tooLong(`days`);
}

export const tooLong = (what: string): Error =>
  fault(
    'from',
    'range-too-long',
    `At most ${MAX_BUCKETS} ${what} at once; ask for less, or for larger ones.`,
  );

/** @throws validation-failed when there is no such IANA time zone */
export function zoneOf(name: string): TimeZone {
  try {
    // Newer runtimes also take offsets, which no calendar goes by.
    if (/^[A-Za-z]/.test(name)) return new TimeZone(name);
  } catch {
    // Told below.
  }
  throw fault('tz', 'unknown-time-zone', 'tz must be an IANA time zone such as Europe/Berlin.');
}

function momentOf(field: 'from' | 'to', text: string, zone: TimeZone, added: number): number {
  const at = Date.parse(text);
  const [date] = text.split('T') as [string];
  // Date.parse reads February 30 as March 2.
  if (Number.isNaN(at) || new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) {
    throw fault(field, 'no-such-date', `${field} is not a date of the calendar.`);
  }
  return text === date ? zone.firstInstantOf(at + added) : at;
}

function fault(field: string, code: string, detail: string): Error {
  return platformErrors['validation-failed'](detail, {
    errors: [{ pointer: `#/query/${field}`, code, detail }],
  });
}
