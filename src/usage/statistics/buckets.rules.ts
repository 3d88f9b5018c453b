import type { TimeZone } from './time-zone.js';

export const WINDOWS = ['hour', 'day', 'week'] as const;
export type Window = (typeof WINDOWS)[number];

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const EPOCH_WEEKDAY = 4;

/** More than a chart can show, and a bound for what one request may cost. */
export const MAX_BUCKETS = 400;

/**
 * The bounds of the buckets that a time span touches, n + 1 instants for n buckets; undefined when there are more than
 * {@link MAX_BUCKETS}. Days and ISO weeks (from Monday on) are those of the zone's calendar, so that a day may have 23 or
 * 25 hours; an hour begins whenever the zone's clock shows a full one, or another one than the moment before.
 *
 * @param from milliseconds since 1970, `to` too; `to` is not part of the span
 */
export function boundsOf(window: Window, from: number, to: number, zone: TimeZone): number[] | undefined {
  const bounds = [startOf(window, from, zone)];
  for (let last = bounds[0] ?? from; last < to; bounds.push(last)) {
    if (bounds.length > MAX_BUCKETS) return undefined;
    last = nextAfter(window, last, zone);
  }
  return bounds;
}

/** The start of the bucket that an instant is in. */
export function startOf(window: Window, instant: number, zone: TimeZone): number {
  if (window === 'hour') return hourOf(instant, zone);
  const day = floor(zone.clockAt(instant), DAY_MS);
  return zone.firstInstantOf(window === 'day' ? day : mondayOf(day));
}

function nextAfter(window: Window, start: number, zone: TimeZone): number {
  if (window === 'hour') return nextHour(start, zone);
  const length = window === 'day' ? DAY_MS : 7 * DAY_MS;
  const first = floor(zone.clockAt(start), DAY_MS);
  // A zone that moves over the date line leaves out a whole day; then it has no bucket.
  for (let clock = (window === 'day' ? first : mondayOf(first)) + length; ; clock += length) {
    const next = zone.firstInstantOf(clock);
    if (next > start) return next;
  }
}

function hourOf(instant: number, zone: TimeZone): number {
  const clock = zone.clockAt(instant);
  const full = instant - (clock - floor(clock, HOUR_MS));
  if (zone.clockAt(full) === floor(clock, HOUR_MS)) return full;
  // The clock was changed since: the hour began with the change, or before it.
  const change = zone.changeIn(full, instant);
  return beginsHour(change, zone) ? change : hourOf(change - 1, zone);
}

function nextHour(start: number, zone: TimeZone): number {
  const clock = zone.clockAt(start);
  const next = start + HOUR_MS - (clock - floor(clock, HOUR_MS));
  if (zone.offsetAt(next) === zone.offsetAt(start)) return next;
  const change = zone.changeIn(start, next);
  return beginsHour(change, zone) ? change : nextHour(change, zone);
}

function beginsHour(change: number, zone: TimeZone): boolean {
  const [before, at] = [zone.clockAt(change - 1), zone.clockAt(change)];
  return at % HOUR_MS === 0 || floor(before, HOUR_MS) !== floor(at, HOUR_MS);
}

const mondayOf = (day: number): number => day - ((((day / DAY_MS + EPOCH_WEEKDAY - 1) % 7) + 7) % 7) * DAY_MS;

const floor = (value: number, unit: number): number => Math.floor(value / unit) * unit;
