import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse } from '@nestjs/swagger';
import { CacheService } from '@rapport/cache';
import { AdminOnly } from '../platform/actor/actor.decorators.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { CacheInvalidation, CacheInvalidationResult } from './cache-invalidation.dto.js';

/** Drops cached answers by hand, after something was changed behind the service's back. */
@Controller('cache/invalidate')
export class CacheInvalidationController {
  constructor(private readonly cache: CacheService) {}

  /** Drops entries by tags, keys or the beginning of keys, on every instance */
  @Post()
  @HttpCode(202)
  @AdminOnly()
  @ApiAcceptedResponse({ type: CacheInvalidationResult })
  async invalidate(@Body() { tags, keys, prefix }: CacheInvalidation): Promise<CacheInvalidationResult> {
    if ([tags, keys, prefix].filter((given) => given !== undefined).length !== 1)
      throw platformErrors['validation-failed']('Give exactly one of tags, keys and prefix.');
    if (prefix !== undefined) return this.byPrefix(prefix);
    if (keys) return { outcome: await this.cache.evictKeys(keys) };
    const outcomes = await Promise.all(tags!.map((tag) => this.cache.evictTag(tag)));
    return { outcome: outcomes.includes('pending') ? 'pending' : 'applied' };
  }

  private async byPrefix(prefix: string): Promise<CacheInvalidationResult> {
    try {
      return await this.cache.evictPrefix(prefix);
    } catch (cause) {
      throw platformErrors.unavailable('Redis cannot be searched now; try again, or name the keys.', {
        cause,
      });
    }
  }
}
