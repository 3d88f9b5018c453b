import { IsArray, IsInt, Matches, Max, Min } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class CacheSettings {
  @Setting({
    env: 'CACHE_TTL_DEFAULT',
    type: 'duration',
    description: 'How long entries live whose cache says nothing.',
  })
  @IsInt()
  @Min(1)
  defaultTtlMs = 3_600_000;

  @Setting({
    env: 'CACHE_TTLS',
    type: 'list',
    example: 'character=12h,user:profile=30m',
    description:
      'Other lifetimes by cache name, in front of what the code declares; /api/cache/stats lists the names.',
  })
  @IsArray()
  @Matches(/^[\w:-]+=\d+(ms|s|m|h|d)$/, {
    each: true,
    message: 'must be name=duration, such as character=12h',
  })
  ttls: string[] = [];

  @Setting({
    env: 'CACHE_DEADLINE',
    type: 'duration',
    description: 'The most that Redis may add to a cached read.',
  })
  @IsInt()
  @Min(1)
  @Max(5_000)
  deadlineMs = 50;

  @Setting({ env: 'CACHE_L1_ENTRIES', type: 'integer', description: 'Entries kept in each process.' })
  @IsInt()
  @Min(1)
  l1Entries = 10_000;

  /** As the cache library takes them. */
  options(): {
    defaultTtl: number;
    ttlOverrides: Record<string, string>;
    deadlineMs: number;
    l1: { maxEntries: number };
  } {
    const ttlOverrides = Object.fromEntries(
      this.ttls.map((entry) => entry.split('=', 2) as [string, string]),
    );
    const { defaultTtlMs: defaultTtl, deadlineMs, l1Entries: maxEntries } = this;
    return { defaultTtl, ttlOverrides, deadlineMs, l1: { maxEntries } };
  }
}
