import { createHash } from 'node:crypto';
import type { RedisClient } from '../connections/connection-options.js';

/** Runs a script on a connection: keys (one slot in a Cluster), then arguments. */
export type Script<Answer> = (
  redis: RedisClient,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Answer>;

/**
 * A Lua script that is sent by its digest, and as a whole when the server does not know it: not yet, or no longer after
 * a restart or a failover.
 *
 * @param source Lua; the type of its answer is the caller's promise
 * @example
 * const take = script<number>(`return redis.call('DECR', KEYS[1])`);
 * const left = await take(redis, ['tickets'], []);
 */
export function script<Answer>(source: string): Script<Answer> {
  const digest = createHash('sha1').update(source).digest('hex');
  return async (redis, keys, args) => {
    const known = await redis.evalsha(digest, keys.length, ...keys, ...args).catch(unknownScript);
    return (known === UNKNOWN ? redis.eval(source, keys.length, ...keys, ...args) : known) as Promise<Answer>;
  };
}

const UNKNOWN = Symbol('the server does not know the script');

function unknownScript(error: Error): typeof UNKNOWN {
  if (error.message.startsWith('NOSCRIPT')) return UNKNOWN;
  throw error;
}
