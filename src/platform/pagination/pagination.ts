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
