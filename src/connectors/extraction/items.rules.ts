import type { ExtractedItem } from '../registry/provider.js';

/** What the service keeps of a thing of a platform. */
export interface StoredItem {
  id: string;
  /** RFC 3339. */
  at: string | null;
  title: string | null;
  labels: string[];
  weight: number;
}

const ID_UNITS = 300;
const TITLE_UNITS = 300;
const LABELS = 32;
const LABEL_UNITS = 64;
const MAX_WEIGHT = 1_000;
/** RFC 3339 has no others, and no platform is older or tells of a later time. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2200;

/**
 * The things as they can be stored, whatever a platform says: bounded, in text that the database takes, each id once (the
 * last one counts). One without a usable id is left out.
 */
export function storable(items: readonly ExtractedItem[]): StoredItem[] {
  const byId = new Map<string, StoredItem>();
  for (const { id, at, title, labels, weight } of items) {
    const key = text(id);
    // Cut, two of them could become one.
    if (key === '' || key.length > ID_UNITS) continue;
    byId.set(key, {
      id: key,
      at: timeOf(at),
      title: (title !== undefined && cut(text(title), TITLE_UNITS)) || null,
      labels: labelsOf(labels),
      weight: weightOf(weight),
    });
  }
  return [...byId.values()];
}

function labelsOf(labels: readonly string[]): string[] {
  const words = labels.map((label) => cut(text(label).trim(), LABEL_UNITS)).filter((label) => label !== '');
  return [...new Set(words)].slice(0, LABELS);
}

function weightOf(weight: number | undefined): number {
  if (weight === undefined || !Number.isFinite(weight) || weight < 0) return 1;
  return Math.min(weight, MAX_WEIGHT);
}

function timeOf(at: Date | undefined): string | null {
  const year = at?.getUTCFullYear();
  return at && year && year >= FIRST_YEAR && year < LAST_YEAR ? at.toISOString() : null;
}

/** No text of the database holds U+0000 or half a character. */
const text = (value: string): string => Buffer.from(value.replaceAll('\u0000', '')).toString();

const cut = (value: string, units: number): string =>
  value.length <= units ? value : value.slice(0, units).replace(/[\uD800-\uDBFF]$/u, '');
