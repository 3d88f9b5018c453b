import { Inject, Injectable } from '@nestjs/common';
import type { CacheEngine } from './cache-engine.js';
import type { AnyCache, CacheDeclaration } from './declare/cache-declaration.js';
import { CACHE_ENGINE } from './declare/engine-binding.js';
import type { CacheServiceStats } from './observe/cache-stats.js';
import { CacheHandle } from './cache-handle.js';

/**
 * The decorators' imperative twin, for what is not a method: same regions, same guarantees.
 *
 * @example
 * const characters = this.cache.for(characterById);
 * const character = await characters.getOrLoad([id], () => this.repository.find(id));
 */
@Injectable()
export class CacheService {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  /** The handle of one declared cache. */
  for<Args extends readonly unknown[], Value>(
    cache: CacheDeclaration<Args, Value>,
  ): CacheHandle<Args, Value> {
    return new CacheHandle(this.engine, this.engine.region(cache as unknown as AnyCache));
  }

  /** Drops every entry with the tag, in all caches. */
  evictTag(tag: string): Promise<'applied' | 'pending'> {
    return this.engine.writer.evict(this.engine.tagsOf([tag]));
  }

  /**
   * Drops entries by their keys' text, as `redis-cli` shows it between the braces: `character:c1`. For people; programs
   * have `for(cache).evict(args)`.
   */
  evictKeys(keys: readonly string[]): Promise<'applied' | 'pending'> {
    return this.engine.evictKeys(keys);
  }

  /**
   * Drops the entries whose keys begin with a text. For people, and rarely: it looks at every key of the server (by SCAN,
   * in steps), and drops what it finds on its way, not what is filled behind it.
   *
   * @throws when Redis cannot be asked, or the prefix is empty
   */
  evictPrefix(prefix: string): Promise<{ outcome: 'applied' | 'pending'; evicted: number }> {
    return this.engine.evictPrefix(prefix);
  }

  /**
   * For the application's transactions: to be called inside each outermost one, just before it commits. Notes in the
   * outbox which evicts Redis could not be told of.
   */
  beforeCommit(): Promise<void> {
    return this.engine.writer.noteUndelivered();
  }

  /**
   * Delivers evicts that were noted in an outbox; by any process that reaches Redis, as often as needed. An entry may
   * be forgotten once the answer is `applied`.
   */
  relay(entries: readonly string[]): Promise<'applied' | 'pending'> {
    return this.engine.writer.relay(entries);
  }

  /** What happened in this process's caches since it started. */
  stats(): CacheServiceStats {
    return this.engine.stats();
  }
}
