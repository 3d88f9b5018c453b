import { Logger } from '@nestjs/common';
import { RateLimits, RedisConnections } from '@rapport/redis';
import { describeRateLimits } from '../../../libs/redis/src/testing/rate-limits.contract.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Of a machine that runs much else: nobody is to fall back to counting alone because of it. */
const PATIENT_MS = 20_000;
const CLIENTS = 16;

beforeAll(() => Logger.overrideLogger(false));

describe('as rate limits are counted anywhere', () => {
  let server: RedisServer;
  let connections: RedisConnections;
  let limits: RateLimits;
  beforeAll(async () => {
    server = await startRedis();
    connections = new RedisConnections({
      url: server.url,
      heartbeatMs: PATIENT_MS,
      commandTimeoutMs: PATIENT_MS,
    });
    await connections.start();
    limits = new RateLimits(connections, { prefix: 'test', deadlineMs: PATIENT_MS });
  });
  afterAll(async () => {
    limits.close();
    connections.close();
    await server.stop();
  });

  describeRateLimits('Redis', () => limits);
  it('were all counted there', () => expect(limits.degraded).toBe(false));
});

describe('rate limits counted in Redis', () => {
  let server: RedisServer;
  const opened: { connections: RedisConnections; limits: RateLimits }[] = [];
  const instance = async (deadlineMs = PATIENT_MS): Promise<RateLimits> => {
    const connections = new RedisConnections({
      url: server.url,
      maxBackoffMs: 50,
      commandTimeoutMs: PATIENT_MS,
    });
    await connections.start();
    const limits = new RateLimits(connections, { prefix: 'test', deadlineMs });
    opened.push({ connections, limits });
    return limits;
  };
  const commands = () => opened[0]!.connections.commands!;
  const counted = (limits: RateLimits): Promise<true> =>
    eventually('Redis to be counted in again', () => Promise.resolve(limits.degraded ? undefined : true));

  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const { connections, limits } of opened.splice(0)) {
      limits.close();
      connections.close();
    }
    await server.stop();
  });

  it('allow two instances with 16 clients each what one would be allowed, over several windows', async () => {
    const instances = [await instance(), await instance()];
    let name = 'ann';
    const limit = { quota: 50, windowMs: 500 };
    const ratePerMs = limit.quota / limit.windowMs;
    // Who stands still for long leaves some of what is refilled, since there is a limit to what is kept.
    await undisturbed(100, async () => {
      name += ' again';
      const calls: { before: number; after: number; allowed: boolean }[] = [];
      const started = performance.now();
      const client = async (limits: RateLimits): Promise<void> => {
        for (;;) {
          const before = performance.now();
          if (before - started > 1_200) return;
          const { allowed } = await limits.take('burst', name, limit);
          calls.push({ before, after: performance.now(), allowed });
        }
      };
      await Promise.all(instances.flatMap((limits) => Array.from({ length: CLIENTS }, () => client(limits))));
      const granted = calls.filter(({ allowed }) => allowed).length;
      const longest = Math.max(...calls.map(({ after }) => after)) - started;
      expect(granted).toBeLessThanOrEqual(limit.quota + longest * ratePerMs);
      // Whoever asked last would have been given all that was refilled since the first was answered.
      const shortest =
        Math.max(...calls.map(({ before }) => before)) - Math.min(...calls.map(({ after }) => after));
      expect(granted).toBeGreaterThanOrEqual(Math.floor(limit.quota + shortest * ratePerMs) - 1);
      expect(instances.map(({ degraded }) => degraded)).toEqual([false, false]);
    });
  });

  it('leave Redis by themselves, and hold no more than a number for each key', async () => {
    const limits = await instance();
    await limits.take('burst', 'ann', { quota: 2, windowMs: 60_000 });
    expect(await commands().keys('test:*')).toEqual(['test:limit:burst:ann']);
    const left = await commands().pttl('test:limit:burst:ann');
    expect(left).toBeGreaterThan(29_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  describe('when Redis hangs', () => {
    const limit = { quota: 20, windowMs: 3_600_000 };

    it('allow each instance the limit and no more, answer in time, and then count where they were', async () => {
      const instances = [await instance(250), await instance(250)];
      let name = 'ann';
      await undisturbed(50, async () => {
        name += ' again';
        for (let taken = 0; taken < 5; taken++) await instances[0]!.take('burst', name, limit);
        server.pause();
        const waits: number[] = [];
        const client = async (limits: RateLimits): Promise<number> => {
          let allowed = 0;
          for (let call = 0; call < 10; call++) {
            const started = performance.now();
            if ((await limits.take('burst', name, limit)).allowed) allowed++;
            waits.push(performance.now() - started);
          }
          return allowed;
        };
        try {
          const allowed = await Promise.all(
            instances.flatMap((limits) => Array.from({ length: CLIENTS }, () => client(limits))),
          );
          expect(allowed.reduce((sum, each) => sum + each, 0)).toBe(2 * limit.quota);
          expect(Math.max(...waits)).toBeLessThan(1_000);
          // Only who asked before it was known waited at all.
          expect(waits.filter((wait) => wait > 200).length).toBeLessThanOrEqual(2 * CLIENTS);
          expect(instances.map(({ degraded }) => degraded)).toEqual([true, true]);
        } finally {
          server.resume();
          await Promise.all(instances.map(counted));
        }
        const { remaining } = await instances[1]!.peek('burst', name, limit);
        expect(remaining).toBeLessThanOrEqual(limit.quota - 5);
      });
    });

    it('give back what was taken meanwhile where it was taken', async () => {
      const limits = await instance(100);
      let name = 'ann';
      await undisturbed(20, async () => {
        name += ' again';
        server.pause();
        await limits.take('burst', name, limit);
        await limits.take('burst', name, limit);
        server.resume();
        await counted(limits);
        // The first of the two was asked in Redis as well, whose answer came too late.
        await limits.giveBack('burst', name, limit);
        await limits.giveBack('burst', name, limit);
        expect((await limits.peek('burst', name, limit)).remaining).toBe(limit.quota - 1);
      });
    });

    it('forget a key that is reset there and here', async () => {
      const limits = await instance(100);
      let name = 'ann';
      await undisturbed(20, async () => {
        name += ' again';
        server.resume();
        await counted(limits);
        await limits.take('burst', name, limit);
        server.pause();
        await limits.take('burst', name, limit);
        server.resume();
        await counted(limits);
        await limits.reset('burst', name);
        expect((await limits.peek('burst', name, limit)).remaining).toBe(limit.quota);
        server.pause();
        expect((await limits.peek('burst', name, limit)).remaining).toBe(limit.quota);
      });
    });
  });

  it('go on in the process while Redis is full or gone, and return by themselves', async () => {
    const limits = await instance();
    const limit = { quota: 2, windowMs: 3_600_000 };
    const allowedOf = async (key: string): Promise<boolean[]> => {
      const answers: boolean[] = [];
      for (let call = 0; call < 3; call++) answers.push((await limits.take('burst', key, limit)).allowed);
      return answers;
    };
    await commands().config('SET', 'maxmemory', '1');
    expect(await allowedOf('ann')).toEqual([true, true, false]);
    expect(limits.degraded).toBe(true);
    await commands().config('SET', 'maxmemory', '0');
    await counted(limits);
    await server.kill();
    expect(await allowedOf('bob')).toEqual([true, true, false]);
    await server.restart();
    await counted(limits);
    expect(await allowedOf('carol')).toEqual([true, true, false]);
    expect(await commands().keys('*carol')).toHaveLength(1);
  });
});
