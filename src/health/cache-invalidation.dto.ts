import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsOptional, IsString, Length } from 'class-validator';

/** What to drop; exactly one of the three. */
export class CacheInvalidation {
  /** Every entry with one of these tags. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  tags?: string[];

  /** Entries by their whole keys, e.g. `character:01J…`; `/api/cache/stats` lists the names that begin them. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  @Length(1, 500, { each: true })
  keys?: string[];

  /** Entries whose keys begin so. Looks at every key of the server. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  prefix?: string;
}

export class CacheInvalidationResult {
  /** applied: gone everywhere; pending: Redis is told when it can be reached. */
  outcome!: 'applied' | 'pending';
  /** How many were found, for a prefix. */
  evicted?: number;
}
