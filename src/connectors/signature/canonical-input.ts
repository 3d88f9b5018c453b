import type { SignatureInput } from './signature.types.js';

const MAX_LABELS = 32;
const MAX_LABEL_UNITS = 100;
const MAX_WEIGHT = 100;
/** Dates outside are mistakes of a platform. */
const EARLIEST = Date.UTC(1990, 0);
const LATEST = Date.UTC(2100, 0);

/** An input in the one form that is counted and hashed. */
export interface CanonicalInput {
  readonly platform: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number | undefined;
  /** Each once, in order. */
  readonly labels: readonly string[];
  /** Thousandths of a weight: whole numbers add up to the same in any order. */
  readonly units: number;
}

export const canonicalInput = ({ platform, kind, at, labels, weight }: SignatureInput): CanonicalInput => ({
  platform,
  kind,
  at: timeOf(at),
  labels: [...new Set(labels.map(canonicalLabel))]
    .filter((label) => label !== '')
    .sort()
    .slice(0, MAX_LABELS),
  units: unitsOf(weight ?? 1),
});

/** `Hip_Hop-Music` and `hip hop music` are one label. */
export const canonicalLabel = (label: string): string =>
  label
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_\-/]+/gu, ' ')
    .trim()
    .slice(0, MAX_LABEL_UNITS);

function timeOf(at: Date | null | undefined): number | undefined {
  const time = at?.getTime() ?? NaN;
  return time >= EARLIEST && time < LATEST ? time : undefined;
}

function unitsOf(weight: number): number {
  if (!Number.isFinite(weight)) return 1_000;
  return Math.min(MAX_WEIGHT * 1_000, Math.max(1, Math.round(weight * 1_000)));
}
