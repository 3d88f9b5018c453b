import { Redis } from 'ioredis';

/**
 * The same client, with the same settings, for everything that runs on ioredis: commands of one turn of the event
 * loop leave together, which helps every library. A lost connection is reported by the commands that need it.
 */
export async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, { enableAutoPipelining: true, lazyConnect: true });
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}
