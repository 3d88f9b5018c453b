import type { Redis } from 'ioredis';
import { isCluster, type RedisConnection } from './redis-script.js';

/** Keys that one step looks at; a step blocks the server for well below a millisecond. */
const STEP = 500;

/**
 * The keys of entries whose text begins with `prefix`, by SCAN, a step at a time and server by server; never KEYS, which
 * blocks. An entry may come twice.
 *
 * @param namespace - in front of every key of the cache
 */
export async function* scanKeys(
  redis: RedisConnection,
  namespace: string,
  prefix: string,
): AsyncGenerator<string[]> {
  const servers: Redis[] = isCluster(redis) ? redis.nodes('master') : [redis];
  // Leases, holds and waiters have something after the brace.
  const pattern = `${escapeGlob(`${namespace}{${prefix}`)}*}`;
  for (const server of servers) {
    let cursor = '0';
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', STEP);
      cursor = next;
      const texts = keys
        .map((key) => key.slice(namespace.length + 1, -1))
        .filter((key) => !key.startsWith('#'));
      if (texts.length > 0) yield texts;
    } while (cursor !== '0');
  }
}

const escapeGlob = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
