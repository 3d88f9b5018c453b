import type { UsageSettings } from './usage.settings.js';

export const USAGE_KINDS = ['text', 'audio', 'media'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];
export type UsageTier = 'free' | 'premium';

/** Charged and in flight. Both count against the limit: a reservation is a place already taken. */
export interface Tally {
  used: number;
  reserved: number;
}

export interface KindUsage extends Tally {
  /** `null`: counted, not limited. */
  limit: number | null;
  remaining: number | null;
}

/** One user's usage of one character on one UTC day. */
export interface UsageCounters {
  tier: UsageTier;
  /** UTC date, `2026-11-20`. */
  day: string;
  timezone: 'UTC';
  /** RFC 3339, the next midnight UTC. */
  resetsAt: string;
  counters: Record<UsageKind, KindUsage>;
}

export interface UsageToday extends Omit<UsageCounters, 'counters'> {
  characters: { characterId: string; counters: Record<UsageKind, KindUsage> }[];
  /** Over all characters; limits are per character, so these have none. */
  totals: Record<UsageKind, Tally>;
}

/** Members of the `quota-exceeded` problem. */
export interface QuotaExceeded extends Tally {
  kind: UsageKind;
  limit: number;
  resetsAt: string;
}

export type Limits = Record<UsageKind, number | null>;
export type Tallies = Record<UsageKind, Tally>;

export const DAY_SECONDS = 86_400;

export const dayOf = (now: Date): string => now.toISOString().slice(0, 10);

export const resetOf = (day: string): Date =>
  new Date(Date.parse(`${day}T00:00:00.000Z`) + DAY_SECONDS * 1000);

const byKind = <T>(valueOf: (kind: UsageKind) => T): Record<UsageKind, T> => ({
  text: valueOf('text'),
  audio: valueOf('audio'),
  media: valueOf('media'),
});

export const limitsOf = (tier: UsageTier, settings: UsageSettings): Limits =>
  tier === 'premium'
    ? byKind(() => null)
    : { text: settings.freeTextPerDay, audio: settings.freeAudioPerDay, media: settings.freeMediaPerDay };

/** Rows of one user, character and day; a kind without a row was not used. */
export function talliesOf(rows: readonly (Tally & { kind: UsageKind })[]): Tallies {
  return byKind((kind) => {
    const row = rows.find((candidate) => candidate.kind === kind);
    return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
  });
}

/** A limit lowered below what was used (premium ended, setting changed) leaves zero, never a negative rest. */
export const remainingOf = (limit: number | null, { used, reserved }: Tally): number | null =>
  limit === null ? null : Math.max(0, limit - used - reserved);

export const withLimits = (tallies: Tallies, limits: Limits): Record<UsageKind, KindUsage> =>
  byKind((kind) => ({
    ...tallies[kind],
    limit: limits[kind],
    remaining: remainingOf(limits[kind], tallies[kind]),
  }));

export const sumOf = (all: readonly Tallies[]): Tallies =>
  byKind((kind) => ({
    used: all.reduce((sum, tallies) => sum + tallies[kind].used, 0),
    reserved: all.reduce((sum, tallies) => sum + tallies[kind].reserved, 0),
  }));

/** The part that is the same for every character. */
export const dayHeading = (tier: UsageTier, day: string): Omit<UsageCounters, 'counters'> => ({
  tier,
  day,
  timezone: 'UTC',
  resetsAt: resetOf(day).toISOString(),
});
