import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Redis } from 'ioredis';
import { CacheModule, CacheService } from '../../../libs/cache/src/index.js';

export const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** A cache as an application has it, without the application. */
export async function openCache(redis: Redis, prefix: string, deadlineMs?: number): Promise<CacheService> {
  @Module({ imports: [CacheModule.forRoot({ prefix, redis, deadlineMs, logger: silent })] })
  class CacheOnlyModule {}

  const context = await NestFactory.createApplicationContext(CacheOnlyModule, { logger: false });
  return context.get(CacheService);
}
