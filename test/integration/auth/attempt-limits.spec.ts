import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import type { AttemptLimiter } from '../../../src/platform/rate-limit/attempt-limiter.js';
import { RateLimitSettings } from '../../../src/platform/rate-limit/rate-limit.settings.js';
import { RateLimiters } from '../../../src/platform/rate-limit/rate-limiters.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('attempts counted in Redis', () => {
  let server: RedisServer;
  const instances: { connections: RedisConnections; limiters: RateLimiters }[] = [];

  /** Of a machine that stands still at times, unless it is told to notice soon that Redis hangs. */
  const instance = async (deadlineMs = 20_000): Promise<AttemptLimiter> => {
    const connections = new RedisConnections({ url: server.url, commandTimeoutMs: 20_000 });
    await connections.start();
    const settings = Object.assign(new RateLimitSettings(), { deadlineMs });
    const limiters = new RateLimiters(connections, new RedisSettings(), new RuntimeSettings(), settings);
    instances.push({ connections, limiters });
    return limiters.create({ name: 'test', points: 2, windowMs: 60_000, what: 'attempts' });
  };

  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const { connections, limiters } of instances.splice(0)) {
      limiters.onApplicationShutdown();
      connections.close();
    }
    await server.stop();
  });

  it('are counted for all instances together', async () => {
    const [one, other] = [await instance(), await instance()];
    await one.consume('ann');
    await other.consume('ann');
    await expect(one.consume('ann')).rejects.toMatchObject({ code: 'rate-limited' });
    await expect(other.consume('ann')).rejects.toMatchObject({ code: 'rate-limited' });
    await other.reset('ann');
    await expect(one.consume('ann')).resolves.toBeUndefined();
  });

  it('name neither people nor addresses in Redis, and leave it when they are there again', async () => {
    const limiter = await instance();
    await limiter.consume('ann@example.org');
    const redis = instances[0]?.connections.commands;
    const keys = (await redis?.keys('rapport:development:*')) ?? [];
    expect(keys).toEqual([expect.stringMatching(/^rapport:development:limit:test:[\w-]{22}$/)]);
    // One of two attempts in a minute.
    expect(await redis?.pttl(keys[0] ?? '')).toBeGreaterThan(10_000);
  });

  it('go on being counted, at once, when Redis hangs or is gone', async () => {
    const limiter = await instance(500);
    await limiter.consume('ann');
    server.pause();
    // Redis does not answer: whoever waited for it would not come to an end.
    await limiter.consume('bob');
    await limiter.consume('bob');
    await expect(limiter.consume('bob')).rejects.toMatchObject({ code: 'rate-limited' });
    server.resume();
    await server.kill();
    await limiter.consume('carol');
    await limiter.consume('carol');
    await expect(limiter.consume('carol')).rejects.toMatchObject({ code: 'rate-limited' });
  });
});
