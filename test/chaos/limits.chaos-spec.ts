import { startRedis, type RedisServer } from '../support/redis-server.js';
import { compileChildren, startChild } from './support/children.js';

const LIMIT = { quota: 50, windowMs: 500 };
const CLIENTS = 16;
const FOR_MS = 1_500;

interface Called {
  taken: { before: number; after: number }[];
  degraded: boolean;
}

describe('a rate limit of two processes', () => {
  let server: RedisServer;

  beforeAll(async () => {
    compileChildren();
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it(`allows ${2 * CLIENTS} clients together what one would be allowed, in every window`, async () => {
    const settings = { redisUrl: server.url, clients: CLIENTS, limit: LIMIT, forMs: FOR_MS };
    const callers = await Promise.all([
      startChild('limit-caller', settings),
      startChild('limit-caller', settings),
    ]);
    try {
      const called = await Promise.all(callers.map((caller) => caller.ask<Called>('call')));
      expect(called.map(({ degraded }) => degraded)).toEqual([false, false]);
      const taken = called.flatMap((by) => by.taken).sort((a, b) => a.after - b.after);
      expect(taken.length).toBeGreaterThan(LIMIT.quota);
      const tooMany = taken.filter(({ before }, first) => {
        // All that were surely taken in a window's time from this one's beginning on.
        const within = taken.slice(first).filter(({ after }) => after <= before + LIMIT.windowMs);
        return within.length > 2 * LIMIT.quota;
      });
      expect(tooMany).toEqual([]);
      const began = Math.min(...taken.map(({ before }) => before));
      const ended = Math.max(...taken.map(({ after }) => after));
      expect(taken.length).toBeLessThanOrEqual(
        LIMIT.quota + ((ended - began) * LIMIT.quota) / LIMIT.windowMs + 1,
      );
    } finally {
      await Promise.all(callers.map((caller) => caller.kill()));
    }
  });
});
