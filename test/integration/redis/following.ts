import { once } from 'node:events';
import type { RedisConnectionOptions, RedisConnections } from '@rapport/redis';
import { eventually } from '../../support/eventually.js';

export const FAST: RedisConnectionOptions = { maxBackoffMs: 100, heartbeatMs: 200, connectTimeoutMs: 500 };

export const isUp = (redis: RedisConnections) =>
  eventually('the connections', async () => (redis.status() === 'ready' ? true : undefined));

/** Until a write is taken: what callers see of a failover. */
export const written = (redis: RedisConnections, key: string) =>
  eventually(`${key} to be written`, async () => redis.commands?.set(key, 'value').catch(() => undefined));

/** Until a message arrives that was published after this began, on a subscription made at each `ready`. */
export async function heard(redis: RedisConnections): Promise<void> {
  const { subscriber } = redis;
  if (!subscriber) throw new Error('no subscriber');
  const message = once(subscriber, 'message');
  let arrived = false;
  void message.then(() => (arrived = true));
  await eventually('the message', async () => {
    await subscriber.subscribe('news').catch(() => undefined);
    await redis.commands?.publish('news', 'hello').catch(() => undefined);
    return arrived || undefined;
  });
}
