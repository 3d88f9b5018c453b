import { Logger } from '@nestjs/common';
import { RedisConnections, type RedisConnectionOptions } from '@rapport/redis';
import type { Redis } from 'ioredis';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('the pool for blocking commands', () => {
  let server: RedisServer;
  const opened: RedisConnections[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(() => {
    for (const level of ['log', 'warn'] as const) jest.spyOn(Logger.prototype, level).mockImplementation();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    for (const redis of opened.splice(0)) redis.close();
  });
  afterAll(() => server.stop());

  const open = async (pool: RedisConnectionOptions['pool'], url = server.url): Promise<RedisConnections> => {
    const redis = new RedisConnections({ url, pool, heartbeatMs: 200, maxBackoffMs: 50 });
    opened.push(redis);
    await redis.start(5_000);
    return redis;
  };
  const counts = (redis: RedisConnections, what: string, open_: number) =>
    eventually(what, async () => (redis.metrics().pool.open === open_ ? true : undefined));
  /** As many uses as told, each blocked until its promise's function is called. */
  const hold = (redis: RedisConnections, many: number) => {
    const ends: (() => void)[] = [];
    const uses = Array.from({ length: many }, () =>
      redis.blocking.use(async (client) => {
        await new Promise<void>((resolve) => ends.push(resolve));
        return client;
      }),
    );
    return { uses, begun: () => ends.length, end: () => ends.splice(0).forEach((end) => end()) };
  };

  it('opens nothing before its first use, then keeps its minimum warm', async () => {
    const redis = await open({ min: 3, max: 5 });
    expect(redis.metrics().pool).toEqual({ open: 0, inUse: 0, waiting: 0, max: 5 });
    await redis.blocking.use((client) => client.ping());
    await counts(redis, 'the minimum', 3);
  });

  it('blocks nobody else, longer than an ordinary command may take', async () => {
    const redis = await open({ min: 1 });
    const popped = redis.blocking.use((client) => client.blpop('slow', 10));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await redis.commands?.rpush('slow', 'job')).toBe(1);
    expect(await popped).toEqual(['slow', 'job']);
  });

  it('lends each connection to one at a time, up to its maximum; others wait, for a while', () =>
    undisturbed(30, async () => {
      const redis = await open({ min: 0, max: 2, waitMs: 150 });
      const held = hold(redis, 2);
      await eventually('both to begin', async () => (held.begun() === 2 ? true : undefined));
      await expect(redis.blocking.use((client) => client.ping())).rejects.toMatchObject({
        code: 'wait-timeout',
      });
      const waiting = redis.blocking.use(async (client) => client);
      held.end();
      const [first, second] = await Promise.all(held.uses);
      expect(first).not.toBe(second);
      expect([first, second]).toContain(await waiting);
      expect(redis.metrics().pool).toMatchObject({ open: 2, inUse: 0, waiting: 0 });
    }));

  it('lets only so many wait', async () => {
    const redis = await open({ min: 0, max: 1, maxWaiting: 1, waitMs: 5_000 });
    const held = hold(redis, 1);
    await eventually('it to begin', async () => (held.begun() === 1 ? true : undefined));
    const waiting = redis.blocking.use((client) => client.ping());
    await expect(redis.blocking.use((client) => client.ping())).rejects.toMatchObject({
      code: 'too-many-waiting',
    });
    held.end();
    expect(await waiting).toBe('PONG');
  });

  it('ends a use when its signal fires, and never lends that connection again', async () => {
    const redis = await open({ min: 0, max: 1 });
    const stop = new AbortController();
    let cut: Redis | undefined;
    const popped = redis.blocking.use(
      (client) => {
        cut = client as Redis;
        setImmediate(() => stop.abort(new Error('enough')));
        return client.blpop('never', 0);
      },
      { signal: stop.signal },
    );
    await expect(popped).rejects.toThrow('enough');
    const next = await redis.blocking.use(async (client) => client);
    expect(next).not.toBe(cut);
    await expect(redis.blocking.use(async () => 'never', { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('ends a use that lasts too long', async () => {
    const redis = await open({ min: 0, max: 1 });
    await expect(
      redis.blocking.use((client) => client.blpop('never', 0), { deadlineMs: 50 }),
    ).rejects.toMatchObject({ code: 'use-timeout' });
    expect(await redis.blocking.use((client) => client.ping())).toBe('PONG');
  });

  it('closes the connection of work that goes on beyond its end', async () => {
    const redis = await open({ min: 0, max: 1 });
    let kept: Redis | undefined;
    const endless = redis.blocking.use(
      (client) => {
        kept = client as Redis;
        return new Promise(() => undefined);
      },
      { deadlineMs: 20 },
    );
    await expect(endless).rejects.toMatchObject({ code: 'use-timeout' });
    await expect(kept?.set('key', 'from beyond')).rejects.toThrow();
    expect(await redis.blocking.use(async (client) => client)).not.toBe(kept);
  });

  it('takes no connection back on which a command has no answer yet', async () => {
    const redis = await open({ min: 0, max: 1 });
    const left = await redis.blocking.use(async (client) => {
      client.blpop('never', 0).catch(() => undefined);
      return client;
    });
    expect(await redis.blocking.use(async (client) => client)).not.toBe(left);
  });

  it('fails at once while Redis is away, what blocks then, too, and works again after it', async () => {
    const own = await startRedis();
    try {
      const redis = await open({ min: 2 }, own.url);
      const lost = new Promise<void>((resolve) => redis.onLost(resolve));
      const popped = redis.blocking.use((client) => client.blpop('never', 0)).catch((error: Error) => error);
      await eventually('it to block', async () => (redis.metrics().pool.inUse === 1 ? true : undefined));
      own.pause();
      await lost;
      expect(await popped).toBeInstanceOf(Error);
      await expect(redis.blocking.use((client) => client.ping())).rejects.toMatchObject({
        code: 'unavailable',
      });
      own.resume();
      await eventually('Redis', async () => (redis.status() === 'ready' ? true : undefined));
      expect(await redis.blocking.use((client) => client.ping())).toBe('PONG');
    } finally {
      await own.stop();
    }
  });

  it('closes what nobody has used for a while, down to its minimum', async () => {
    const redis = await open({ min: 1, max: 4, idleMs: 50 });
    const held = hold(redis, 4);
    await eventually('all to begin', async () => (held.begun() === 4 ? true : undefined));
    held.end();
    await Promise.all(held.uses);
    await counts(redis, 'the minimum', 1);
  });

  it('is closed with the connections', async () => {
    const redis = await open({ max: 1 });
    const popped = redis.blocking.use((client) => client.blpop('never', 0)).catch((error: Error) => error);
    await eventually('it to block', async () => (redis.metrics().pool.inUse === 1 ? true : undefined));
    redis.close();
    expect(await popped).toBeInstanceOf(Error);
    await expect(redis.blocking.use((client) => client.ping())).rejects.toMatchObject({ code: 'closed' });
  });
});
