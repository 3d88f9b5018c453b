/*
 * Answers of platforms are read tolerantly: what is missing or of another type is undefined, and nothing here throws.
 */

const MAX_TEXT = 300;
const MAX_LABEL = 60;
const MAX_LABELS = 20;
const MAX_HEADER = 4_000;

type Fields = Readonly<Record<string, unknown>>;

/** The members of an object; none of anything else. */
const fields = (value: unknown): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {};

/** What lies at a path of members and array positions. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? (found as unknown[])[step] : undefined;
    else found = fields(found)[step];
  }
  return found;
}

export const listOf = (value: unknown): readonly unknown[] | undefined =>
  Array.isArray(value) ? (value as unknown[]) : undefined;

/** A text that says something, cut where it is long. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // No database takes U+0000.
  const text = value.replaceAll('\0', '').trim().slice(0, MAX_TEXT);
  return text === '' ? undefined : text;
}

/** Numbers count, too: platforms use both. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return textOf(value);
}

export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;

/** Of ISO 8601 text, or of seconds since 1970. */
export function dateOf(value: unknown): Date | undefined {
  const ms =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms) : undefined;
}

export function webUrlOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 2_000 || !URL.canParse(value)) return undefined;
  const { protocol, href } = new URL(value);
  return protocol === 'https:' ? href : undefined;
}

/**
 * Words as labels: lower-case, without the marks that stand for spaces (`machine-learning` and `Machine Learning` are one
 * label), each once.
 */
export function labelsOf(...values: unknown[]): string[] {
  const labels = values.flat(3).flatMap((value) => {
    const text = textOf(value);
    return text === undefined ? [] : [labelOf(text)];
  });
  return [...new Set(labels)].filter((label) => label !== '').slice(0, MAX_LABELS);
}

const labelOf = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[-_/\s]+/g, ' ')
    .trim()
    .slice(0, MAX_LABEL);

/** A name in which capitals stand for spaces, such as `MachineLearning`, with them. */
export const spaced = (name: string | undefined): string | undefined =>
  name?.replace(/(\p{Ll})(\p{Lu}\p{Ll})/gu, '$1 $2');

/** One parameter of an address that a platform gave for the next page. */
export function parameterOf(address: unknown, name: string): string | undefined {
  if (typeof address !== 'string' || !URL.canParse(address)) return undefined;
  return new URL(address).searchParams.get(name) ?? undefined;
}

/** The address that a `Link` header (RFC 8288) has for a relation. */
export function linkOf(header: string | null, relation: string): string | undefined {
  for (const link of (header ?? '').slice(0, MAX_HEADER).split(/,\s*(?=<)/)) {
    const [, address, rest = ''] = /^\s*<([^>]*)>(.*)$/.exec(link) ?? [];
    if (new RegExp(`;\\s*rel="?(?:[^"]*\\s)?${relation}(?:\\s|"|;|$)`, 'i').test(rest)) return address;
  }
  return undefined;
}

/** A query with the parameters that have a value. */
export function query(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
