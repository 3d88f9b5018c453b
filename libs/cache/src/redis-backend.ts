import type { LoggerService } from '@nestjs/common';
import type { CacheBackend } from './backend.js';
import type { BusListener } from './bus/bus.js';
import { RedisBus } from './bus/redis-bus.js';
import { linkOf } from './bus/redis-link.js';
import { systemClock } from './clock.js';
import { GuardedTier, type TierLink } from './tiers/guarded-tier.js';
import { randomToken } from './tiers/random-token.js';
import type { RedisConnection } from './tiers/redis-script.js';
import { scanKeys } from './tiers/scan-keys.js';
import { RedisTier } from './tiers/redis-tier.js';

/** How long a start waits for Redis. */
const START_WAIT_MS = 500;

export interface RedisBackendOptions {
  /** In front of every key. */
  readonly prefix: string;
  readonly deadlineMs: number;
  readonly logger: LoggerService;
}

/** Entries in Redis and notices over its pub/sub, behind a guard. */
export function redisBackend(
  redis: RedisConnection | { commands: RedisConnection; subscriber: RedisConnection },
  { prefix, deadlineMs, logger }: RedisBackendOptions,
): CacheBackend {
  const { commands, subscriber } = 'commands' in redis ? redis : { commands: redis, subscriber: undefined };
  const instance = randomToken();
  const channel = `${prefix}#bus`;
  const ownChannel = `${channel}:${instance}`;
  const clock = systemClock;
  const tier = new RedisTier(commands, { prefix, channel, ownChannel, instance });
  const guard = new GuardedTier(tier, linkTo(commands), { deadlineMs, clock, logger });
  const bus = new RedisBus(linkOf(commands, subscriber), { channel, ownChannel, instance, clock, logger });
  return {
    tier: guard,
    bus,
    clock,
    health: guard,
    keys: (text) => scanKeys(commands, prefix, text),
    start: async (listener: BusListener) => {
      // ioredis throws what nobody listens to; the owner logs it, the cache only must not die of it.
      commands.on('error', ignoreConnectionError);
      // A refused connection is retried by the client itself, and seen by its status.
      if (commands.status === 'wait') commands.connect().catch(ignoreConnectionError);
      await settled(commands, START_WAIT_MS);
      guard.start();
      bus.start(listener);
      if (guard.breakerState === 'closed') await bus.ready(START_WAIT_MS);
    },
    stop: () => {
      guard.stop();
      bus.stop();
      commands.off('error', ignoreConnectionError);
    },
  };
}

function linkTo(redis: RedisConnection): TierLink {
  return {
    down: () => (redis.status === 'ready' ? undefined : `the connection is ${redis.status}`),
    ping: () => redis.ping(),
    reopen: () => redis.disconnect(true),
    onReady: (listener) => void redis.on('ready', listener),
    offReady: (listener) => void redis.off('ready', listener),
  };
}

const ignoreConnectionError = (): void => undefined;

/** Resolves when the connection is ready or has failed once, or after `ms`. */
function settled(connection: RedisConnection, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (connection.status === 'ready') return resolve();
    const done = (): void => {
      clearTimeout(timer);
      for (const event of ['ready', 'close', 'end']) connection.off(event, done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const event of ['ready', 'close', 'end']) connection.on(event, done);
  });
}
