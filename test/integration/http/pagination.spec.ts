import fc from 'fast-check';
import { Controller, Get, Query } from '@nestjs/common';
import { Column, Entity, PrimaryColumn, type Repository } from 'typeorm';
import { IsOptional, IsString } from 'class-validator';
import { Database } from '../../../src/platform/database/database.js';
import { newId } from '../../../src/platform/ids/ids.js';
import type { KeysetColumn } from '../../../src/platform/pagination/keyset.js';
import { PageQuery, type Page } from '../../../src/platform/pagination/page.dto.js';
import { Pagination } from '../../../src/platform/pagination/pagination.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

@Entity('listed')
class ListedEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  @Column('int')
  rank!: number;

  @Column('timestamptz')
  createdAt!: Date;
}

class ListedQuery extends PageQuery {
  @IsOptional()
  @IsString()
  name?: string;

  @IsOptional()
  @IsString()
  sort?: 'recent' | 'mixed' | 'name';
}

const ID: KeysetColumn = { expression: 'listed.id', type: 'uuid', direction: 'asc' };
const SORTS: Record<string, KeysetColumn[]> = {
  recent: [
    { expression: 'listed.createdAt', type: 'timestamptz', direction: 'desc' },
    { ...ID, direction: 'desc' },
  ],
  mixed: [{ expression: 'listed.rank', type: 'integer', direction: 'desc' }, ID],
  name: [{ expression: 'lower(listed.name)', type: 'text', direction: 'asc' }, ID],
};

@Controller('listed')
class ListedController {
  constructor(
    private readonly database: Database,
    private readonly pagination: Pagination,
  ) {}

  @Get()
  async list(@Query() request: ListedQuery): Promise<Page<string>> {
    const query = this.database.manager.createQueryBuilder(ListedEntity, 'listed');
    if (request.name !== undefined) query.where('listed.name = :name', { name: request.name });
    const sort = request.sort ?? 'recent';
    return this.pagination.page({
      query,
      request,
      list: 'listed',
      filters: { name: request.name },
      keys: SORTS[sort]!,
      toItem: ({ id }) => id,
    });
  }
}

describe('lists', () => {
  let db: TestDatabase;
  let http: HttpTestApp;
  let repository: Repository<ListedEntity>;
  beforeAll(async () => {
    db = await createTestDatabase({ entities: [ListedEntity] });
    await db.database.manager.query(
      'CREATE TABLE listed (id uuid PRIMARY KEY, name text NOT NULL, rank int NOT NULL, created_at timestamptz NOT NULL)',
    );
    repository = db.database.manager.getRepository(ListedEntity);
    http = await startHttpApp({ controllers: [ListedController], database: db.database });
  });
  afterAll(async () => {
    await http.close();
    await db.close();
  });
  beforeEach(() => repository.clear());

  // Microseconds apart, which a cursor through a JS Date would round together.
  const insert = async (
    rows: { name?: string; rank?: number; micros?: number; id?: string }[],
  ): Promise<string[]> => {
    const ids: string[] = [];
    for (const { name = 'n', rank = 0, micros = 0, id = newId() } of rows) {
      ids.push(id);
      await db.database.manager.query(
        `INSERT INTO listed VALUES ($1, $2, $3, timestamptz '2026-11-20T10:00:00Z' + $4 * interval '1 microsecond')`,
        [id, name, rank, micros],
      );
    }
    return ids;
  };
  const get = async (query: string): Promise<Page<string> & { status: number; link: string | null }> => {
    const response = await http.fetch(`/listed?${query}`);
    return {
      ...((await response.json()) as Page<string>),
      status: response.status,
      link: response.headers.get('link'),
    };
  };
  const walk = async (
    query: string,
    start?: string | null,
    side: 'nextCursor' | 'prevCursor' = 'nextCursor',
  ) => {
    const pages: string[][] = [];
    let cursor = start;
    do {
      const page = await get(cursor ? `${query}&cursor=${cursor}` : query);
      pages.push(page.items);
      cursor = page[side];
    } while (cursor);
    return pages;
  };
  const ordered = async (sort: string, order?: string): Promise<string[]> => {
    const turned = order !== undefined && order !== SORTS[sort]![0]!.direction;
    const clause = SORTS[sort]!.map(({ expression, direction }) => {
      const way = turned ? (direction === 'asc' ? 'desc' : 'asc') : direction;
      return `${expression.replace('createdAt', 'created_at')} ${way}`;
    }).join(', ');
    const rows = await db.database.manager.query<{ id: string }[]>(
      `SELECT id FROM listed ORDER BY ${clause}`,
    );
    return rows.map(({ id }) => id);
  };

  it('shows every row once, in order, forwards and backwards, for any data, sort and page size', async () => {
    const row = fc.record({
      name: fc.constantFrom('a', 'B', 'b', 'ä', "o'x"),
      rank: fc.integer({ min: -2, max: 2 }),
      micros: fc.integer({ min: 0, max: 3 }),
      id: fc.uuid(),
    });
    const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 12 });
    const sort = fc.constantFrom('recent', 'mixed', 'name');
    const order = fc.constantFrom(undefined, 'asc', 'desc');
    await fc.assert(
      fc.asyncProperty(
        rows,
        sort,
        order,
        fc.integer({ min: 1, max: 5 }),
        async (data, sort, order, limit) => {
          await repository.clear();
          await insert(data);
          const expected = await ordered(sort, order);
          const query = `limit=${limit}&sort=${sort}${order ? `&order=${order}` : ''}`;
          const forwards = await walk(query);
          expect(forwards.flat()).toEqual(expected);
          expect(forwards.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
          if (forwards.length < 2) return;
          let last = await get(query);
          while (last.nextCursor) last = await get(`${query}&cursor=${last.nextCursor}`);
          const backwards = await walk(query, last.prevCursor, 'prevCursor');
          expect([...backwards.reverse().flat(), ...last.items]).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('neither repeats nor skips a row when others come and go between pages', async () => {
    const ids = await insert(Array.from({ length: 6 }, (_, index) => ({ micros: 100 - index })));
    const first = await get('limit=2');
    expect(first.items).toEqual(ids.slice(0, 2));
    await insert([{ micros: 200 }]);
    await repository.delete({ id: ids[1] });
    await repository.delete({ id: ids[2] });
    expect((await get(`limit=2&cursor=${first.nextCursor}`)).items).toEqual(ids.slice(3, 5));
  });

  it('leads back from a page that has become empty', async () => {
    const ids = await insert([{ micros: 3 }, { micros: 2 }, { micros: 1 }]);
    const first = await get('limit=2');
    await repository.delete({ id: ids[2] });
    const empty = await get(`limit=2&cursor=${first.nextCursor}`);
    expect([empty.items, empty.nextCursor]).toEqual([[], null]);
    expect((await get(`limit=2&cursor=${empty.prevCursor}`)).items).toEqual(ids.slice(0, 2));
  });

  it('has no cursors when everything fits on one page', async () => {
    await insert([{}, {}]);
    expect(await get('limit=2')).toMatchObject({ nextCursor: null, prevCursor: null, link: null });
  });

  it('links to its neighbours with the same filters', async () => {
    await insert([{}, {}, {}]);
    const first = await get('limit=1&name=n');
    expect(first.link).toBe(
      `</listed?limit=1&name=n&cursor=${encodeURIComponent(first.nextCursor!)}>; rel="next"`,
    );
    const second = await get(`limit=1&name=n&cursor=${first.nextCursor}`);
    expect(second.link).toMatch(/rel="next", <.*>; rel="prev"$/);
  });

  it('refuses a cursor that is forged, damaged or made for another filter, sort or order', async () => {
    await insert([{}, {}]);
    const { nextCursor } = await get('limit=1');
    const [body, signature] = nextCursor!.split('.');
    const forged = Buffer.from(JSON.stringify(['n', 0, 'x', 'y'])).toString('base64url');
    for (const query of [
      `cursor=${forged}.${signature}`,
      `cursor=${body}`,
      `cursor=${body}.${signature}x`,
      'cursor=',
      'cursor=..',
      `cursor=${nextCursor}&name=n`,
      `cursor=${nextCursor}&sort=mixed`,
      `cursor=${nextCursor}&order=asc`,
    ]) {
      expect(await get(query)).toMatchObject({ status: 400, code: 'invalid-cursor' });
    }
    expect((await get(`cursor=${nextCursor}&limit=50`)).status).toBe(200);
  });
});
