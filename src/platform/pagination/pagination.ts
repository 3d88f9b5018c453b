import { Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { canonicalJson } from '../json/canonical-json.js';
import { Cursors, type Position } from './cursors.js';
import { applyKeyset, keysOf, orientedKeys, type KeysetColumn } from './keyset.js';
import type { Page, PageQuery } from './page.dto.js';

export interface PageOptions<Entity extends ObjectLiteral, Item> {
  /** Filters applied, nothing ordered or limited. Joins must not multiply rows. */
  query: SelectQueryBuilder<Entity>;
  request: Pick<PageQuery, 'limit' | 'cursor' | 'order'>;
  /** Name of the list; with `filters` and the order it is what a cursor is bound to. */
  list: string;
  /** Everything that decides which rows are in the list, the caller's id included where it does. */
  filters?: Record<string, unknown>;
  keys: readonly KeysetColumn[];
  toItem: (row: Entity) => Item;
}

interface Row<Entity> {
  entity: Entity;
  keys: string[];
}

@Injectable()
export class Pagination {
  constructor(private readonly cursors: Cursors) {}

  /**
   * One page of a query, ordered by `keys`.
   *
   * @throws AppError `invalid-cursor`
   */
  async page<Entity extends ObjectLiteral, Item>(options: PageOptions<Entity, Item>): Promise<Page<Item>> {
    const { query, request, list, filters, toItem } = options;
    const keys = orientedKeys(options.keys, request.order);
    const order = keys.map(({ expression, direction }) => `${expression} ${direction}`);
    const scope = canonicalJson([list, filters ?? {}, order]);
    const position = request.cursor === undefined ? undefined : this.cursors.decode(scope, request.cursor);
    applyKeyset(query, keys, position);
    // One more than asked for tells whether there is another page.
    const { entities, raw } = await query
      .limit(request.limit + 1)
      .getRawAndEntities<Record<string, unknown>>();
    const rows = entities.map((entity, index) => ({ entity, keys: keysOf(raw[index] ?? {}, keys) }));
    return {
      ...this.around(scope, rows, position, request.limit),
      items: inListOrder(rows.slice(0, request.limit), position).map(({ entity }) => toItem(entity)),
    };
  }

  /**
   * The same for a list that is in memory as a whole, in ascending order of a unique key.
   *
   * @throws AppError `invalid-cursor`
   */
  pageOf<Item>(
    items: readonly Item[],
    {
      request,
      list,
      filters,
      keyOf,
    }: Pick<PageOptions<never, never>, 'request' | 'list' | 'filters'> & {
      keyOf: (item: Item) => string;
    },
  ): Page<Item> {
    const order = request.order ?? 'asc';
    const scope = canonicalJson([list, filters ?? {}, order]);
    const position = request.cursor === undefined ? undefined : this.cursors.decode(scope, request.cursor);
    const back = position?.direction === 'prev';
    // As a query reads: away from the position, so backwards for what lies before it.
    const upwards = (order === 'asc') !== back;
    const [start] = position?.keys ?? [];
    const isBeyond = (key: string): boolean =>
      start === undefined ||
      (upwards ? key > start : key < start) ||
      (position?.inclusive === true && key === start);
    const rows = (upwards ? items : items.toReversed())
      .filter((item) => isBeyond(keyOf(item)))
      .slice(0, request.limit + 1)
      .map((entity) => ({ entity, keys: [keyOf(entity)] }));
    return {
      ...this.around(scope, rows, position, request.limit),
      items: inListOrder(rows.slice(0, request.limit), position).map(({ entity }) => entity),
    };
  }

  /** The cursors on both sides of what was read, which may be one row too many at its far end. */
  private around<Entity>(
    scope: string,
    read: readonly Row<Entity>[],
    position: Position | undefined,
    limit: number,
  ): Omit<Page<never>, 'items'> {
    const rows = inListOrder(read.slice(0, limit), position);
    const more = read.length > limit;
    const back = position?.direction === 'prev';
    const hasNext = back || more;
    const hasPrev = back ? more : position !== undefined;
    const cursor = (direction: Position['direction'], row: Row<Entity> | undefined): string | null => {
      if (row) return this.cursors.encode(scope, { direction, keys: row.keys });
      return position
        ? this.cursors.encode(scope, { direction, keys: position.keys, inclusive: true })
        : null;
    };
    return {
      nextCursor: hasNext ? cursor('next', rows.at(-1)) : null,
      prevCursor: hasPrev ? cursor('prev', rows.at(0)) : null,
    };
  }
}

const inListOrder = <T>(rows: T[], position: Position | undefined): T[] =>
  position?.direction === 'prev' ? rows.toReversed() : rows;
