import { Logger } from '@nestjs/common';
import { RedisConnections, Sessions } from '@rapport/redis';
import { socketOf } from '../../../libs/redis/src/testing/sessions.contract.js';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Of a machine that stands still at times: no command fails of it, and no connection is given up. */
const PATIENT = { maxBackoffMs: 50, heartbeatMs: 10_000, commandTimeoutMs: 20_000 };
/** Notices at once that Redis hangs or is gone. */
const FAST = { maxBackoffMs: 50, heartbeatMs: 100, commandTimeoutMs: 5_000, connectTimeoutMs: 500 };

describe('sessions among instances', () => {
  let server: RedisServer;
  const closing: { close: () => unknown }[] = [];
  beforeEach(async () => {
    Logger.overrideLogger(false);
    server = await startRedis();
  });
  afterEach(async () => {
    for (const each of closing.splice(0).reverse()) await each.close();
    await server.stop();
  });
  const open = async (times = PATIENT): Promise<[Sessions, NonNullable<RedisConnections['commands']>]> => {
    const connections = new RedisConnections({ url: server.url, ...times });
    await connections.start();
    await until(() => connections.status() === 'ready');
    const sessions = new Sessions(connections, { prefix: 'p' });
    closing.push(connections, sessions);
    return [sessions, connections.commands!];
  };
  const idsOf = async (sessions: Sessions, userId: string): Promise<string[]> =>
    (await sessions.ofUser(userId)).map(({ socketId }) => socketId).sort();

  it('are found and removed by all', async () => {
    const [[one], [other]] = await Promise.all([open(), open()]);
    const session = await one.register(socketOf('s1', 'ann'));
    await other.register(socketOf('s2', 'ann'));
    expect(await other.get('s1')).toEqual(session);
    expect(await idsOf(one, 'ann')).toEqual(['s1', 's2']);
    expect(await other.remove('s1')).toBe(false);
    expect((await other.removeAllOf('ann')).map(({ socketId }) => socketId).sort()).toEqual(['s1', 's2']);
    expect(await idsOf(one, 'ann')).toEqual([]);
    expect(await one.get('s1')).toBeUndefined();
  });

  it('drop what a process left behind that died between index and session, but not one that is under way', async () => {
    const [sessions, redis] = await open();
    await sessions.register(socketOf('s1', 'ann'));
    await redis.zadd('p:sessions:ann', Date.now() - 60_000, 'dead', Date.now(), 'under way');
    expect(await idsOf(sessions, 'ann')).toEqual(['s1']);
    expect((await redis.zrange('p:sessions:ann', 0, -1)).sort()).toEqual(['s1', 'under way']);
    await redis.set(
      'p:session:under way',
      JSON.stringify({ ...socketOf('under way', 'ann'), lastSeenAt: '' }),
    );
    expect(await idsOf(sessions, 'ann')).toEqual(['s1', 'under way']);
  });

  it('forget index entries that nobody kept alive for the life of a session', async () => {
    const [sessions, redis] = await open();
    await redis.zadd('p:sessions:ann', Date.now() - 86_500_000, 'dead');
    await sessions.register(socketOf('s1', 'ann'));
    expect(await redis.zrange('p:sessions:ann', 0, -1)).toEqual(['s1']);
  });

  it('never show a session to another user than its own, though an index says so', async () => {
    const [sessions, redis] = await open();
    await sessions.register(socketOf('s1', 'ann'));
    await redis.zadd('p:sessions:bob', Date.now(), 's1');
    expect(await sessions.ofUser('bob')).toEqual([]);
    await sessions.removeAllOf('bob');
    expect(await idsOf(sessions, 'ann')).toEqual(['s1']);
  });

  it('of its own are known to an instance without Redis, and written again when that is back, empty', async () => {
    const [[one], [other]] = await Promise.all([open(FAST), open(FAST)]);
    await one.register(socketOf('s1', 'ann'));
    await one.register(socketOf('s2', 'ann'));
    await other.register(socketOf('s3', 'ann'));
    await server.kill();
    await until(() => one.degraded && other.degraded);
    expect(await idsOf(one, 'ann')).toEqual(['s1', 's2']);
    expect(await other.get('s1')).toBeUndefined();
    expect(await one.remove('s2')).toBe(true);
    await one.register(socketOf('s4', 'ann'));
    await server.restart();
    await until(() => !one.degraded && !other.degraded);
    expect(await idsOf(other, 'ann')).toEqual(['s1', 's3', 's4']);
  });

  it('that ended while Redis hung are taken off when it answers again', async () => {
    const [[one], [other]] = await Promise.all([open(FAST), open(FAST)]);
    await Promise.all(['s1', 's2', 's3'].map((id) => one.register(socketOf(id, 'ann'))));
    server.pause();
    expect(await one.remove('s1')).toBe(true);
    expect(one.degraded).toBe(true);
    expect(await one.removeAllOf('ann')).toHaveLength(2);
    server.resume();
    await until(() => !one.degraded && !other.degraded);
    expect(await other.ofUser('ann')).toEqual([]);
  });

  it("are this process's own while Redis refuses them, and shared again when it takes them", async () => {
    const [[one, redis], [other]] = await Promise.all([open(), open()]);
    await redis.set('p:sessions:bob', 'not an index');
    await one.register(socketOf('s1', 'bob'));
    expect(one.degraded).toBe(true);
    await redis.del('p:session:s1');
    expect(await one.get('s1')).toMatchObject({ userId: 'bob' });
    expect(await one.ofUser('bob')).toHaveLength(1);
    await redis.del('p:sessions:bob');
    await until(() => !one.degraded);
    expect(await idsOf(other, 'bob')).toEqual(['s1']);
  });

  it('are taken off by an instance that stops', async () => {
    const [[one], [other]] = await Promise.all([open(), open()]);
    await one.register(socketOf('s1', 'ann'));
    await one.close();
    expect(await other.ofUser('ann')).toEqual([]);
  });
});
