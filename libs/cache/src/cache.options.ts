import type { LoggerService } from '@nestjs/common';
import type { CacheBackend } from './backend.js';
import type { AuditOptions } from './observe/auditor.js';
import type { Duration } from './declare/duration.js';
import type { HttpRequest } from './http/http-request.js';
import type { PrincipalOf } from './http/principal.js';
import type { RedisConnection } from './tiers/redis-script.js';

/** Ties the cache to the application's database transactions. */
export interface CacheTransactions {
  /** Whether the current call runs inside a transaction. */
  isActive(): boolean;
  /** Runs the hook after the outermost commit; drops it on rollback. */
  afterCommit(hook: () => Promise<void>): unknown;
  /** Runs the hook after a rollback; without it, entries that were to be evicted are not cached for half a minute. */
  afterRollback?(hook: () => Promise<void>): unknown;
  /** Where evicts are noted that Redis could not be told of before the write. @default none: kept in this process */
  outbox?: CacheOutbox;
}

/** Notes evicts in the same transaction as the write that needs them; see `CacheService.relay`. */
export interface CacheOutbox {
  /** Called inside the transaction; each entry is a text of its own. */
  add(entries: readonly string[]): Promise<void>;
}

/**
 * Bounds of the process's own tier, over all caches; all that are given hold.
 *
 * @example
 * CacheModule.forRoot({ l1: { maxEntries: 200_000, maxBytes: 64 * 2 ** 20 } });
 */
export interface LocalTierOptions {
  /** In memory mode also the bound of the tier behind it. @default 10_000 */
  maxEntries?: number;
  /**
   * In bytes, at least 65,536. An entry counts as two bytes for each character of its stored text and its key, and 320
   * for the rest: an estimate, so leave room. An entry of more than an eighth of the bound is not kept in the process.
   * In memory mode it does not bound the texts in the tier behind it. @default none
   */
  maxBytes?: number;
}

/** Options of `CacheModule`. */
export interface CacheModuleOptions {
  /** In front of every key. @default `"cache"` */
  prefix?: string;
  /** After the prefix, so that environments can share a server. @default `"default"` */
  env?: string;
  /**
   * ioredis connections, owned and closed by the caller; lazily connected ones are connected. With one connection,
   * the cache makes (and closes) a duplicate for its subscription. Without any, entries are kept in this process.
   */
  redis?: RedisConnection | { commands: RedisConnection; subscriber: RedisConnection };
  /** How much a cache call may add to the loader's time, whatever Redis does. @default 50 */
  deadlineMs?: number;
  /** How much the process keeps decoded. @default `{ maxEntries: 10_000 }` */
  l1?: LocalTierOptions;
  /** Fraction of a TTL, 0 to 1, that is left to chance so that entries do not expire together. @default 0 */
  ttlJitter?: number;
  /** TTL of caches that declare none. @default `"1h"` */
  defaultTtl?: Duration;
  /** TTLs by cache name, in front of what is declared. */
  ttlOverrides?: Readonly<Record<string, Duration>>;
  transaction?: CacheTransactions;
  /**
   * Checks a share of the cached answers against their loaders, twice before it says that one is stale; the result is
   * in `CacheService.stats().audit`. @default none
   */
  audit?: AuditOptions;
  /** For `@CacheResponse`: on whose behalf a request is made. @default `user.id`, `user.sub` or `actor.id` of the request */
  http?: { principal?: PrincipalOf<HttpRequest> };
  /** For tests, from `@rapport/cache/testing`: what the cache stands on instead of `redis`. */
  backend?: CacheBackend;
  /** @default Nest's logger */
  logger?: LoggerService;
}

/** Injection token of {@link CacheModuleOptions}. */
export const CACHE_OPTIONS = Symbol('@rapport/cache:options');
