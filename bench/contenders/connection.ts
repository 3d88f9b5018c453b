import { Redis } from 'ioredis';

/**
 * The same client for everything that runs on ioredis. Commands of one turn of the event loop leave together, which
 * helps every library but one that puts them together itself. A lost connection is reported by the commands that need it.
 */
export async function connect(url: string, { enableAutoPipelining = true } = {}): Promise<Redis> {
  const redis = new Redis(url, { enableAutoPipelining, lazyConnect: true });
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}
