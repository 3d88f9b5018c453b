import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { Position } from './cursors.js';

/** One column of a sort key. Together the columns must be unique and none may be null. */
export interface KeysetColumn {
  /** SQL over the query's aliases: `'character.createdAt'`, `'lower(character.name)'`. Never from user input. */
  expression: string;
  /** Its PostgreSQL type, for comparing with the cursor's text exactly (no rounding through a JS Date). */
  type: 'timestamptz' | 'uuid' | 'text' | 'integer' | 'bigint' | 'date';
  direction: 'asc' | 'desc';
}

const keyAlias = (index: number): string => `keyset_${index}`;

/** The columns with all directions turned when the caller asks for the other order. */
export function orientedKeys(
  keys: readonly KeysetColumn[],
  order: 'asc' | 'desc' | undefined,
): KeysetColumn[] {
  if (order === undefined || order === keys[0]?.direction) return [...keys];
  return keys.map((key) => ({ ...key, direction: opposite(key.direction) }));
}

const opposite = (direction: 'asc' | 'desc'): 'asc' | 'desc' => (direction === 'asc' ? 'desc' : 'asc');

/** Adds condition, order and the key's own columns to a query; going back reads in the opposite order. */
export function applyKeyset<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  keys: readonly KeysetColumn[],
  position: Position | undefined,
): void {
  const back = position?.direction === 'prev';
  const read = keys.map((key) => (back ? { ...key, direction: opposite(key.direction) } : key));
  if (position) {
    const values = Object.fromEntries(position.keys.map((value, index) => [keyAlias(index), value]));
    query.andWhere(`(${condition(read, position.inclusive === true)})`, values);
  }
  read.forEach(({ expression, direction }, index) => {
    query.addOrderBy(expression, direction === 'asc' ? 'ASC' : 'DESC');
    query.addSelect(`CAST(${expression} AS text)`, keyAlias(index));
  });
}

/** The key of a raw row as {@link applyKeyset} selected it. */
export const keysOf = (raw: Record<string, unknown>, keys: readonly KeysetColumn[]): string[] =>
  keys.map((_key, index) => String(raw[keyAlias(index)]));

function condition(keys: readonly KeysetColumn[], inclusive: boolean): string {
  const value = ({ type }: KeysetColumn, index: number): string => `CAST(:${keyAlias(index)} AS ${type})`;
  const operator = ({ direction }: KeysetColumn): string => (direction === 'asc' ? '>' : '<');
  const equal = inclusive ? '=' : '';
  const [first] = keys;
  if (first && keys.every(({ direction }) => direction === first.direction)) {
    // A row comparison is what an index on exactly these columns can serve in one range.
    const left = keys.map(({ expression }) => expression).join(', ');
    return `(${left}) ${operator(first)}${equal} (${keys.map(value).join(', ')})`;
  }
  const alternatives = keys.map((key, last) => {
    const prefix = keys
      .slice(0, last)
      .map((earlier, index) => `${earlier.expression} = ${value(earlier, index)}`);
    const end = last === keys.length - 1 ? equal : '';
    return `(${[...prefix, `${key.expression} ${operator(key)}${end} ${value(key, last)}`].join(' AND ')})`;
  });
  return alternatives.join(' OR ');
}
