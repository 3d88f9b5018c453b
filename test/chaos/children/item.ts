import { createHash } from 'node:crypto';

/** A row of the source, as a cache keeps it. */
export interface Item {
  readonly name: string;
  readonly version: number;
  /** Tells a value that is whole and the right one from every other. */
  readonly sum: string;
}

const sumOf = (name: string, version: number): string =>
  createHash('sha256').update(`${name} ${version}`).digest('base64').slice(0, 12);

export const itemOf = (name: string, version: number): Item => ({
  name,
  version,
  sum: sumOf(name, version),
});

/** What is wrong with a value that should be the item of this name; undefined when nothing is. */
export function faultOf(value: unknown, name: string): string | undefined {
  const item = value as Partial<Item> | undefined | null;
  if (typeof item !== 'object' || item === null || typeof item.version !== 'number')
    return `not an item: ${JSON.stringify(value)}`;
  if (item.name !== name) return `the item of ${item.name}`;
  return item.sum === sumOf(name, item.version) ? undefined : `a damaged item: ${JSON.stringify(value)}`;
}
