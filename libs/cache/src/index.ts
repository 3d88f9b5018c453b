export { CacheModule, type CacheModuleAsyncOptions } from './cache.module.js';
export type {
  CacheModuleOptions,
  CacheOutbox,
  CacheTransactions,
  LocalTierOptions,
} from './cache.options.js';
export { CacheService } from './cache.service.js';
export type { BatchOptions, CacheHandle } from './cache-handle.js';
export { CacheDeclarationError, CacheKeyError, CacheTimeoutError, CacheValueError } from './cache.errors.js';
export {
  defineCache,
  type CacheDeclaration,
  type CacheOptions,
  type StorableClass,
} from './declare/cache-declaration.js';
export type { Duration } from './declare/duration.js';
export { Cacheable, type CacheableOptions } from './declare/cacheable.decorator.js';
export { CacheWarm } from './declare/cache-warm.decorator.js';
export { DualRead, type DualReadCounts, type LegacySource } from './move/dual-read.js';
export type { BatchReport } from './move/in-batches.js';
export { CacheableMany } from './declare/cacheable-many.decorator.js';
export { CacheConfig, type CacheConfigOptions } from './declare/cache-config.decorator.js';
export { CacheEvict, type EvictTarget, type EvictTiming } from './declare/cache-evict.decorator.js';
export { CachePut, type PutTarget } from './declare/cache-put.decorator.js';
export { Caching, type CachingOptions } from './declare/caching.decorator.js';
export { InvalidateTags } from './declare/invalidate-tags.decorator.js';
export { notModified, previousValue } from './flight/load.js';
export { encodeKey } from './codec/key-encoding.js';
export { CacheResponse } from './http/cache-response.decorator.js';
export type { CacheResponseOptions } from './http/cache-response.options.js';
export { HttpCacheInterceptor } from './http/http-cache.interceptor.js';
export type { HttpRequest } from './http/http-request.js';
export type { PrincipalOf } from './http/principal.js';
export type { CachedResponse } from './http/stored-response.js';
export { CacheStatusInterceptor } from './http/cache-status.interceptor.js';
export {
  cacheStatusHeader,
  cacheStatusMember,
  runWithCacheStatus,
  type ReadStatus,
} from './http/cache-status.js';
export type { AuditFinding, AuditOptions, AuditReport } from './observe/auditor.js';
export type { CacheServiceStats, CacheStats } from './observe/cache-stats.js';
export type { EvictOutcome } from './tiers/tier.js';
