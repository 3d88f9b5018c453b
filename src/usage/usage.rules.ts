import type { UsageKind, UsageTier } from './usage-kind.js';
import type { KindCounters, KindTallies, KindTally, UsageDay } from './usage.dto.js';
import type { UsageSettings } from './usage.settings.js';

/** Members of the `quota-exceeded` problem. */
export interface QuotaExceeded {
  kind: UsageKind;
  limit: number;
  used: number;
  reserved: number;
  /** RFC 3339. */
  resetsAt: string;
}

export type Limits = Record<UsageKind, number | null>;

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
export function talliesOf(rows: readonly (KindTally & { kind: UsageKind })[]): KindTallies {
  return byKind((kind) => {
    const row = rows.find((candidate) => candidate.kind === kind);
    return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
  });
}

/** A limit lowered below what was used (premium ended, setting changed) leaves zero, never a negative rest. */
export const remainingOf = (limit: number | null, { used, reserved }: KindTally): number | null =>
  limit === null ? null : Math.max(0, limit - used - reserved);

export const withLimits = (tallies: KindTallies, limits: Limits): KindCounters =>
  byKind((kind) => ({
    ...tallies[kind],
    limit: limits[kind],
    remaining: remainingOf(limits[kind], tallies[kind]),
  }));

export const sumOf = (all: readonly KindTallies[]): KindTallies =>
  byKind((kind) => ({
    used: all.reduce((sum, tallies) => sum + tallies[kind].used, 0),
    reserved: all.reduce((sum, tallies) => sum + tallies[kind].reserved, 0),
  }));

/** The part that is the same for every character. */
export const dayHeading = (tier: UsageTier, day: string): UsageDay => ({
  tier,
  day,
  timezone: 'UTC',
  resetsAt: resetOf(day).toISOString(),
});

/** The parts of a daily allowance that a user is told to have used, in percent. */
const NOTICES = [100, 80] as const;
export type NoticePercent = (typeof NOTICES)[number];

/** What a user has to be told after a charge; undefined when that is known. */
export function noticeOf(limit: number, used: number, toldPercent: number): NoticePercent | undefined {
  if (limit === 0) return undefined;
  const reached = NOTICES.find((percent) => used * 100 >= limit * percent);
  return reached !== undefined && reached > toldPercent ? reached : undefined;
}
