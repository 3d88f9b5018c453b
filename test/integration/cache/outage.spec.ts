import type { LoggerService } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { CacheEngine } from '../../../libs/cache/src/cache-engine.js';
import { defineCache } from '../../../libs/cache/src/declare/cache-declaration.js';
import { handleOf } from '../../../libs/cache/src/testing/cache.contract.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { freePort } from '../../support/server-process.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { until } from '../../../libs/redis/src/testing/until.js';

const items = defineCache<[id: string], string>({
  name: 'item',
  key: (id) => [id],
  ttl: '1h',
  l1: { ttl: '30m' },
});
const DEADLINE_MS = 50;
/** A busy machine answers timers late; what is ruled out is waiting for Redis. */
const SLACK_MS = 150;

describe('without a working Redis', () => {
  const cleanUps: (() => void | Promise<void>)[] = [];
  let warnings: string[];

  const cleanUp = async (): Promise<void> => {
    for (const each of cleanUps.splice(0).reverse()) await each();
  };
  afterEach(cleanUp);

  /** Deadlines are short here: with a server of its own, from the beginning. */
  const attempt = (work: () => Promise<void>): Promise<void> =>
    undisturbed(20, async () => {
      await cleanUp();
      warnings = [];
      await work();
    });

  const redisServer = async (options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> => {
    const server = await startRedis(options);
    cleanUps.push(() => server.stop());
    return server;
  };

  const engineOn = async (port: number, options: RedisOptions = {}): Promise<CacheEngine> => {
    const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 50, ...options });
    const logger = {
      warn: (line: string) => warnings.push(line),
      log: () => undefined,
    } as unknown as LoggerService;
    const engine = new CacheEngine({ redis, deadlineMs: DEADLINE_MS, logger });
    cleanUps.push(() => {
      engine.stop();
      redis.disconnect();
    });
    await engine.start();
    return engine;
  };

  const timed = async <T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> => {
    const startedAt = performance.now();
    const value = await work();
    return { value, ms: performance.now() - startedAt };
  };

  it('a service starts, answers from the source, says so once, and joins Redis when it appears', () =>
    attempt(async () => {
      const port = await freePort();
      const engine = await engineOn(port);
      const cache = handleOf(engine, items);
      expect(engine.stats()).toMatchObject({ mode: 'bypass', breaker: 'open', inStep: false });
      for (const value of ['1', '2', '3'])
        expect(await cache.getOrLoad(['a'], async () => value)).toBe(value);
      expect(engine.stats().caches[0]!.errors).toBe(3);
      expect(warnings).toHaveLength(1);
      await redisServer({ port });
      await until(() => engine.stats().mode === 'redis' && engine.stats().inStep);
      await cache.getOrLoad(['a'], async () => '4');
      expect(await cache.getOrLoad(['a'], async () => '5')).toBe('4');
    }));

  it('a hung server costs a call its deadline at most, and later calls nothing', () =>
    attempt(async () => {
      const server = await redisServer();
      const engine = await engineOn(server.port);
      const cache = handleOf(engine, items);
      await cache.getOrLoad(['warm'], async () => 'w');
      server.pause();
      cleanUps.push(() => server.resume());
      for (let call = 0; call < 5; call++) {
        const { value, ms } = await timed(() => cache.getOrLoad([`cold ${call}`], async () => 'loaded'));
        expect(value).toBe('loaded');
        expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
      }
      expect(engine.stats().breaker).not.toBe('closed');
      const { ms } = await timed(async () => {
        for (let call = 0; call < 20; call++) await cache.getOrLoad(['cold'], async () => 'loaded');
      });
      expect(ms).toBeLessThan(SLACK_MS);
    }));

  it('own copies are not served for longer than two seconds without proof that evicts arrive', () =>
    attempt(async () => {
      const server = await redisServer();
      const engine = await engineOn(server.port);
      const cache = handleOf(engine, items);
      await until(() => engine.stats().inStep);
      await cache.getOrLoad(['a'], async () => 'copy');
      server.pause();
      cleanUps.push(() => server.resume());
      expect(await cache.getOrLoad(['a'], async () => 'source')).toBe('copy');
      const { ms } = await timed(() => until(() => !engine.stats().inStep));
      expect(ms).toBeLessThan(2_000 + SLACK_MS);
      expect(await cache.getOrLoad(['a'], async () => 'source')).toBe('source');
      server.resume();
      await until(() => engine.stats().inStep && engine.stats().mode === 'redis');
    }));

  it('an evict that Redis did not take is pending, and nothing stale is served before or after it is delivered', () =>
    attempt(async () => {
      const server = await redisServer();
      const engine = await engineOn(server.port);
      const cache = handleOf(engine, items);
      await cache.getOrLoad(['a'], async () => 'old');
      server.pause();
      const { value, ms } = await timed(() => cache.evict(['a']));
      expect(value).toBe('pending');
      expect(ms).toBeLessThan(DEADLINE_MS + SLACK_MS);
      expect(engine.stats().pendingEvictions).toBe(1);
      expect(await cache.getOrLoad(['a'], async () => 'new')).toBe('new');
      server.resume();
      expect(await cache.getOrLoad(['a'], async () => 'newer')).not.toBe('old');
      await until(() => engine.stats().mode === 'redis');
      expect(engine.stats().pendingEvictions).toBe(0);
      const direct = new Redis(server.url);
      cleanUps.push(() => direct.disconnect());
      expect(String(await direct.get('cache:default:{item:a}'))).not.toContain('old');
    }));

  it('a killed server takes clears and tag evicts when it is back', () =>
    attempt(async () => {
      const server = await redisServer();
      const engine = await engineOn(server.port);
      const cache = handleOf(engine, items);
      await server.kill();
      await until(() => engine.stats().mode === 'bypass' || cache.evict(['x']).then(() => false));
      expect(await cache.clear()).toBe('pending');
      expect(await cache.evictTag('t')).toBe('pending');
      await server.restart();
      await until(() => engine.stats().mode === 'redis');
      expect(await cache.clear()).toBe('applied');
    }));

  it('concurrent reads still share one load', () =>
    attempt(async () => {
      const engine = await engineOn(await freePort());
      const load = jest.fn(async () => 'value');
      await Promise.all(Array.from({ length: 100 }, () => handleOf(engine, items).getOrLoad(['a'], load)));
      expect(load).toHaveBeenCalledTimes(1);
    }));

  it('a server without memory refuses fills; the loaded value still reaches the caller', () =>
    attempt(async () => {
      const server = await redisServer({ args: ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'] });
      const engine = await engineOn(server.port);
      const cache = handleOf(engine, items);
      expect(await cache.getOrLoad(['a'], async () => 'loaded')).toBe('loaded');
      expect(await cache.evict(['a'])).toBe('applied');
      for (let call = 0; call < 20; call++) await cache.getOrLoad([`b${call}`], async () => 'loaded');
      expect(engine.stats().caches[0]!.errors).toBeGreaterThan(20);
      expect(engine.stats().breaker).toBe('closed');
      expect(warnings).toHaveLength(1);
    }));

  it('a wrong password is an outage, not an error of the call', () =>
    attempt(async () => {
      const server = await redisServer({ password: 'right' });
      const engine = await engineOn(server.port, { password: 'wrong' });
      expect(await handleOf(engine, items).getOrLoad(['a'], async () => 'loaded')).toBe('loaded');
      expect(engine.stats().mode).toBe('bypass');
    }));
});
