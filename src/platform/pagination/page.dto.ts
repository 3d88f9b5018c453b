import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

export const SORT_ORDERS = ['asc', 'desc'] as const;

export const DEFAULT_PAGE_LIMIT = 25;

/** The query of every list; lists with filters extend it. */
export class PageQuery {
  /** How many items at most. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = DEFAULT_PAGE_LIMIT;

  /** `nextCursor` or `prevCursor` of an earlier page of the same list. */
  @IsOptional()
  @IsString()
  @MaxLength(2048)
  cursor?: string;

  /** Direction of the list's sort key; each list has its own default. */
  @IsOptional()
  @IsIn(SORT_ORDERS)
  order?: (typeof SORT_ORDERS)[number];
}

/** One page of a list. The cursors are also sent as `Link` headers. */
export class Page<T> {
  items!: T[];
  /** For `?cursor=`, or null on the last page. */
  nextCursor!: string | null;
  /** For `?cursor=`, or null on the first page. */
  prevCursor!: string | null;
}
