import { USAGE_KINDS, type UsageKind } from '../usage-kind.js';
import { DAY_MS, HOUR_MS, MAX_BUCKETS } from './buckets.rules.js';
import type { Unit } from './statistics-keys.js';
import type { UsageBucket } from './statistics.dto.js';

/** What was charged of one kind and character in one unit of time. */
export interface Tally {
  /** `2026-11-20T12` for an hour, the date for a day, its Monday for a week; UTC. */
  start: string;
  characterId: string;
  kind: UsageKind;
  quantity: number;
  tokens: number;
}

/** What was charged of one kind in one bucket. */
export interface BucketTally {
  /** From 0. */
  bucket: number;
  kind: UsageKind;
  quantity: number;
  tokens: number;
}

const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** The coarsest first: fewer entries to read. */
const UNIT_MS: [Unit, number][] = [
  ['weeks', WEEK_MS],
  ['days', DAY_MS],
  ['hours', HOUR_MS],
];

const startIn = (unit: Unit, at: number): number => {
  const length = lengthOf(unit);
  const first = unit === 'weeks' ? FIRST_MONDAY_MS : 0;
  return Math.floor((at - first) / length) * length + first;
};

const lengthOf = (unit: Unit): number => UNIT_MS.find(([name]) => name === unit)?.[1] ?? HOUR_MS;

export const labelOf = (unit: Unit, at: Date): string =>
  new Date(startIn(unit, at.getTime())).toISOString().slice(0, unit === 'hours' ? 13 : 10);

const instantOf = (label: string): number =>
  Date.parse(label.length > 10 ? `${label}:00:00.000Z` : `${label}T00:00:00.000Z`);

/** From when on statistics by a unit are kept: as far back as one request may reach, and a little more. */
export const sinceOf = (unit: Unit, now: Date): number =>
  startIn(unit, now.getTime() - (MAX_BUCKETS + 2) * lengthOf(unit));

/**
 * The unit that buckets with these bounds can be put together from; undefined where none fits, such as for a zone that
 * is half an hour off, or they reach back further than is kept.
 */
export const unitFor = (bounds: readonly number[], now: Date): Unit | undefined =>
  UNIT_MS.find(
    ([unit]) =>
      (bounds[0] ?? 0) >= sinceOf(unit, now) && bounds.every((bound) => startIn(unit, bound) === bound),
  )?.[0];

/** Sorts tallies into buckets; what lies outside of them is left out. */
export function intoBuckets(bounds: readonly number[], tallies: readonly Tally[]): BucketTally[] {
  return tallies.flatMap(({ start, kind, quantity, tokens }): BucketTally[] => {
    const at = instantOf(start);
    const bucket = bounds.findLastIndex((bound) => bound <= at);
    return bucket < 0 || bucket >= bounds.length - 1 ? [] : [{ bucket, kind, quantity, tokens }];
  });
}

/** One bucket for each pair of bounds, also where nothing was charged. */
export function bucketsOf(bounds: readonly number[], tallies: readonly BucketTally[]): UsageBucket[] {
  const buckets = bounds.slice(1).map((end, index): UsageBucket => {
    const start = new Date(bounds[index] ?? end).toISOString();
    return { start, end: new Date(end).toISOString(), text: 0, audio: 0, media: 0, tokens: 0 };
  });
  for (const { bucket, kind, quantity, tokens } of tallies) {
    const into = buckets[bucket];
    if (!into || !USAGE_KINDS.includes(kind)) continue;
    into[kind] += quantity;
    into.tokens += tokens;
  }
  return buckets;
}
