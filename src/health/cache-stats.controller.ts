import { Controller, Get } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { AdminOnly } from '../platform/actor/actor.decorators.js';
import { CacheReport } from './cache-stats.dto.js';

/** How well this process's caches do; two paths, because older clients know both. */
@Controller()
export class CacheStatsController {
  constructor(private readonly cache: CacheService) {}

  /** Hits, misses, errors and timing of every cache of this process */
  @Get('cache/stats')
  stats(): CacheReport {
    return this.cache.stats();
  }

  /** The same, for administrators */
  @Get('admin/cache-stats')
  @AdminOnly()
  adminStats(): CacheReport {
    return this.cache.stats();
  }
}
