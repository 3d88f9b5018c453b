import { Logger } from '@nestjs/common';
import { Keys, RedisConnections } from '@rapport/redis';
import fc from 'fast-check';
import { FULL_SIZE } from '../../../libs/cache/src/testing/full-size.js';
import { escapeGlob, globMatcher } from '../../../libs/redis/src/keys/glob.js';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Of a machine that stands still at times: no command fails of it, and no connection is given up. */
const PATIENT = { maxBackoffMs: 50, heartbeatMs: 10_000, commandTimeoutMs: 20_000 };
/** Notices at once that Redis hangs or is gone. */
const FAST = { maxBackoffMs: 50, heartbeatMs: 100, commandTimeoutMs: 5_000, connectTimeoutMs: 500 };

let server: RedisServer;
const closing: { close: () => unknown }[] = [];
beforeAll(async () => {
  Logger.overrideLogger(false);
  server = await startRedis();
});
afterAll(() => server.stop());
afterEach(() => {
  for (const each of closing.splice(0).reverse()) each.close();
});
const connect = async (): Promise<RedisConnections> => {
  const connections = new RedisConnections({ url: server.url, ...PATIENT });
  closing.push(connections);
  await connections.start();
  await until(() => connections.status() === 'ready');
  return connections;
};
const open = async (prefix: string): Promise<[Keys, NonNullable<RedisConnections['commands']>]> => {
  const connections = await connect();
  const keys = new Keys(connections, { prefix });
  closing.push(keys);
  return [keys, connections.commands!];
};

describe('a glob', () => {
  // Pieces that mean something, next to others, also where they are not closed or in the wrong order. Ranges stay
  // within ASCII: beyond it they depend on the server's machine.
  const piece = fc.constantFrom(
    ...['*', '?', '[', ']', '^', '-', '\\', 'a', 'b', 'c', ':', '[a-c]', '[^b]', '[c-a]', '[]', '[^]', '**'],
  );
  const pattern = fc.array(fc.oneof(piece, fc.constantFrom('é', '😀')), { maxLength: 8 });
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ':', '*', '?', '[', ']', '^', '-', '\\', 'é', '😀'), {
      maxLength: 6,
    })
    .map((letters) => letters.join(''));

  it('matches the same keys in the process as in Redis', async () => {
    const redis = (await connect()).commands!;
    await fc.assert(
      fc.asyncProperty(
        fc.array(pattern, { minLength: 20, maxLength: 60 }),
        fc.uniqueArray(text),
        async (patterns, texts) => {
          await redis.flushdb();
          if (texts.length > 0) await redis.mset(texts.flatMap((each) => [`g:${each}`, '']));
          await Promise.all(
            patterns.map(async (pieces) => {
              const glob = pieces.join('').replaceAll(/[é😀]-|-[é😀]/gu, '');
              const [, found] = await redis.scan('0', 'MATCH', `g:${glob}`, 'COUNT', 1_000);
              const matches = globMatcher(glob);
              expect({ glob, keys: texts.filter(matches).sort() }).toEqual({
                glob,
                keys: found.map((key) => key.slice(2)).sort(),
              });
            }),
          );
        },
      ),
      { numRuns: FULL_SIZE ? 1_000 : 25 },
    );
  }, 300_000);

  it('matches a text alone when it is escaped', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (one, other) => {
        expect(globMatcher(escapeGlob(one))(one)).toBe(true);
        expect(globMatcher(escapeGlob(one))(other)).toBe(one === other);
      }),
    );
  });

  it('takes no longer than the text times the pattern', () => {
    const before = process.cpuUsage();
    expect(globMatcher(`${'*a'.repeat(50)}b`)('a'.repeat(5_000))).toBe(false);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
  });
});

describe('keys in Redis', () => {
  beforeEach(async () => {
    await (await connect()).commands!.flushdb();
  });

  it('of others are never deleted, whatever the prefix and the pattern look like', async () => {
    const [keys, redis] = await open('a*:[x]');
    const foreign = ['a*:[x]', 'ab:x:key', 'a*:x:key', 'a*:[x]key', 'other'];
    await redis.mset(foreign.flatMap((key) => [key, '']));
    for (const pattern of ['*', '**', '?*', '[^]*', `\\`, '*\\', '*:key', '../*']) {
      await keys.set('key', 1);
      await keys.deleteByPattern(pattern);
    }
    await keys.set('key', 1);
    expect(await keys.deleteByPattern('*')).toBe(1);
    expect(await redis.exists(...foreign)).toBe(foreign.length);
  });

  it('are deleted in small steps, without KEYS, FLUSHDB or FLUSHALL', async () => {
    const [keys, redis] = await open('p');
    for (let at = 0; at < 10; at++)
      await redis.mset(Array.from({ length: 400 }, (_, more) => [`p:k${at}:${more}`, '']).flat());
    await redis.call('CONFIG', 'RESETSTAT');
    expect(await keys.deleteByPattern('k*')).toBe(4_000);
    const calls = await redis.info('commandstats');
    expect(calls).not.toMatch(/cmdstat_(keys|flushdb|flushall|del):/);
    expect(Number(/cmdstat_scan:calls=(\d+)/.exec(calls)?.[1])).toBeGreaterThanOrEqual(8);
  });

  it('count as absent when somebody else wrote what is not JSON', async () => {
    const [keys, redis] = await open('p');
    await redis.set('p:a', '{');
    expect(await keys.get('a')).toBeUndefined();
  });
});

describe('keys while Redis is away', () => {
  it('are changed here, and there when it is back; what was deleted does not come back', async () => {
    const own = await startRedis();
    try {
      const connections = new RedisConnections({ url: own.url, ...FAST });
      const keys = new Keys(connections, { prefix: 'p' });
      closing.push(connections, keys);
      await connections.start();
      await until(() => connections.status() === 'ready');
      for (const key of ['kept', 'deleted', 'changed', 'user:1', 'user:2', 'user:3'])
        await keys.set(key, 'old');
      own.pause();
      await keys.set('changed', 'new', { ttlMs: 100_000 });
      expect(keys.degraded).toBe(true);
      await keys.set('user:1', 'again, and gone with the pattern');
      await keys.delete('deleted');
      await keys.deleteByPattern('user:*');
      await keys.set('user:2', 'after the pattern');
      await keys.set('brief', 'over', { ttlMs: 1 });
      expect(await keys.get('changed')).toBe('new');
      expect(await keys.get('user:1')).toBeUndefined();
      own.resume();
      await until(() => !keys.degraded);
      const names = ['kept', 'deleted', 'changed', 'user:1', 'user:2', 'user:3', 'brief'];
      expect(await Promise.all(names.map((name) => keys.get(name)))).toEqual([
        'old',
        undefined,
        'new',
        undefined,
        'after the pattern',
        undefined,
        undefined,
      ]);
      const ttlMs = await connections.commands!.pttl('p:changed');
      expect(ttlMs).toBeGreaterThan(50_000);
      expect(ttlMs).toBeLessThanOrEqual(100_000);
    } finally {
      await own.stop();
    }
  });
});
