import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import type { AttemptLimiter } from '../../../src/platform/rate-limit/attempt-limiter.js';
import { RateLimiters } from '../../../src/platform/rate-limit/rate-limiters.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('attempts counted in Redis', () => {
  let server: RedisServer;
  const instances: { connections: RedisConnections; limiters: RateLimiters }[] = [];

  const instance = async (): Promise<AttemptLimiter> => {
    const connections = new RedisConnections({ url: server.url });
    await connections.start();
    const limiters = new RateLimiters(connections, new RedisSettings(), new RuntimeSettings());
    instances.push({ connections, limiters });
    return limiters.create({ name: 'test', points: 2, windowMs: 60_000, what: 'attempts' });
  };

  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const { connections, limiters } of instances.splice(0)) {
      await limiters.onApplicationShutdown();
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

  it('name neither people nor addresses in Redis, and leave it when the window ends', async () => {
    const limiter = await instance();
    await limiter.consume('ann@example.org');
    const redis = instances[0]?.connections.commands;
    const keys = (await redis?.keys('*')) ?? [];
    expect(keys).toEqual([expect.stringMatching(/^rapport:development:attempts:test:[\w-]{22}$/)]);
    expect(await redis?.pttl(keys[0] ?? '')).toBeGreaterThan(50_000);
  });

  it('go on being counted, at once, when Redis hangs or is gone', async () => {
    const limiter = await instance();
    await limiter.consume('ann');
    server.pause();
    const started = performance.now();
    await limiter.consume('bob');
    await limiter.consume('bob');
    await expect(limiter.consume('bob')).rejects.toMatchObject({ code: 'rate-limited' });
    // Three commands, each given up after the command timeout of the connection.
    expect(performance.now() - started).toBeLessThan(8_000);
    server.resume();
    await server.kill();
    await limiter.consume('carol');
    await limiter.consume('carol');
    await expect(limiter.consume('carol')).rejects.toMatchObject({ code: 'rate-limited' });
  });
});
