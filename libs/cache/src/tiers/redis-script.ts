import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** A connection to a single server, a Sentinel group or a Cluster. */
export type RedisConnection = Redis | Cluster;

/** Whether a connection is to a Cluster; ioredis may be there twice, so its class does not tell. */
export const isCluster = (connection: RedisConnection): connection is Cluster =>
  (connection as { isCluster?: boolean }).isCluster === true;

/** A script that is sent by its digest, and as a whole when the server does not know it (yet, or any more). */
export class RedisScript {
  private readonly digest: string;

  constructor(private readonly source: string) {
    this.digest = createHash('sha1').update(source).digest('hex');
  }

  async run(redis: RedisConnection, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.source, keys.length, ...keys, ...args);
    }
  }
}
