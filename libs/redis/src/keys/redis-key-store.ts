import type { Redis } from 'ioredis';
import type { RedisClient } from '../connections/connection-options.js';
import { inBatches } from '../fallback/in-batches.js';
import { escapeGlob } from './glob.js';
import type { DeleteByPatternOptions, KeyStore } from './key-store.js';

/** Commands of one round trip. */
const BATCH = 500;
/** Servers of a Cluster that are searched at the same time. */
const SERVERS_AT_ONCE = 3;

/** Values in Redis, all under one prefix: nothing outside of it can be reached, whatever a key or pattern says. */
export class RedisKeyStore implements KeyStore {
  private readonly prefix: string;

  /** @param prefix first part of every key, e.g. `rapport:production` */
  constructor(
    private readonly redis: RedisClient,
    prefix: string,
  ) {
    this.prefix = `${prefix}:`;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.redis.get(this.prefix + key)) ?? undefined;
  }

  async set(key: string, text: string, ttlMs?: number): Promise<void> {
    if (ttlMs === undefined) await this.redis.set(this.prefix + key, text);
    else await this.redis.set(this.prefix + key, text, 'PX', ttlMs);
  }

  delete(keys: readonly string[]): Promise<number> {
    return this.unlink(keys.map((key) => this.prefix + key));
  }

  /**
   * SCAN and UNLINK, a batch at a time, on every primary of a Cluster. Keys written meanwhile may stay, and so may keys
   * in slots that a Cluster moves meanwhile.
   */
  async deleteByPattern(pattern: string, options: DeleteByPatternOptions = {}): Promise<number> {
    const { signal, onProgress, batchSize = BATCH } = options;
    const match = escapeGlob(this.prefix) + pattern;
    let deleted = 0;
    let failure: { error: unknown } | undefined;
    const clear = async (server: Redis): Promise<void> => {
      let cursor = '0';
      do {
        signal?.throwIfAborted();
        const [next, keys] = await server.scan(cursor, 'MATCH', match, 'COUNT', batchSize);
        cursor = next;
        if (keys.length === 0) continue;
        const count = await this.unlink(keys);
        deleted += count;
        onProgress?.(deleted);
      } while (cursor !== '0' && !failure);
    };
    const { redis } = this;
    const servers = 'nodes' in redis ? redis.nodes('master') : [redis];
    // All are waited for, so that nothing is deleted any more once the caller knows of a failure.
    await inBatches(servers, SERVERS_AT_ONCE, (server) =>
      clear(server).catch((error: unknown) => void (failure ??= { error })),
    );
    if (failure) throw failure.error;
    return deleted;
  }

  /** One by one, in one round trip: in a Cluster they lie in different slots. */
  private async unlink(keys: readonly string[]): Promise<number> {
    const counts = await inBatches(keys, BATCH, (key) => this.redis.unlink(key));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
