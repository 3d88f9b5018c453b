import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Locks, RedisConnections, type Lock } from '@rapport/redis';
import { Redis } from 'ioredis';
import { describeLocks } from '../../../libs/redis/src/testing/locks.contract.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Of a machine that stands still at times: no command fails of it. */
const PATIENT = { maxBackoffMs: 50, commandTimeoutMs: 20_000 };
/** Notices at once that Redis hangs. */
const FAST = { maxBackoffMs: 50, heartbeatMs: 300, commandTimeoutMs: 5_000 };
/** Longer than any pause of the machine. */
const LONG = { leaseMs: 60_000 };

let opened: RedisConnections[] = [];
async function connect(server: RedisServer, times = PATIENT): Promise<RedisConnections> {
  const connections = new RedisConnections({ url: server.url, ...times });
  opened.push(connections);
  await connections.start();
  return connections;
}
async function serveAllSlots(server: RedisServer): Promise<void> {
  const node = new Redis(server.url);
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await eventually('the slots to be served', async () =>
    String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok') ? true : undefined,
  );
  node.disconnect();
}
function closeAll(): void {
  for (const connections of opened) connections.close();
  opened = [];
}

beforeAll(() => Logger.overrideLogger(false));

describe.each([
  ['Redis', []],
  // One node that has all slots: it refuses scripts whose keys are not in one.
  ['a Redis Cluster', ['--cluster-enabled', 'yes']],
])('on %s', (where, args) => {
  let server: RedisServer;
  let connections: RedisConnections;
  beforeAll(async () => {
    server = await startRedis({ args });
    if (args.length > 0) await serveAllSlots(server);
    connections = await connect(server);
  });
  afterAll(async () => {
    closeAll();
    await server.stop();
  });

  describeLocks(where, () => connections);
});

describe('locks kept in Redis', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    closeAll();
    await server.stop();
  });
  const locksOf = async (times = PATIENT): Promise<Locks> =>
    new Locks(await connect(server, times), { prefix: 'test' });
  const lost = ({ signal }: Lock): Promise<unknown> => once(signal, 'abort');

  it('hold between processes', async () => {
    const [one, other] = [await locksOf(), await locksOf()];
    const lock = await one.acquire('a', LONG);
    await expect(other.acquire('a')).rejects.toMatchObject({ code: 'lock-timeout' });
    await lock.release();
    const next = await other.acquire('a', LONG);
    expect(next.fence).toBeGreaterThan(lock.fence);
    await next.release();
  });

  it('have rising fences also when Redis has forgotten everything', async () => {
    const locks = await locksOf();
    const fences: number[] = [];
    const note = (): Promise<void> =>
      locks.withLock('a', ({ fence }) => Promise.resolve(void fences.push(fence)));
    await note();
    await opened[0]?.commands?.flushall();
    await note();
    const back = new Promise<void>((ready) => opened[0]?.onReady(ready));
    await server.restart();
    await back;
    await note();
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    expect(new Set(fences).size).toBe(3);
  });

  it('have rising fences also when the clock of Redis is set back', async () => {
    const locks = await locksOf();
    const [lock, fence] = ['test:lock:{a}', 'test:lock:{a}:fence'];
    const tomorrow = (Date.now() + 86_400_000) * 1_000;
    await opened[0]?.commands?.set(fence, tomorrow);
    await locks.withLock('a', async (held) => {
      expect(held.fence).toBe(tomorrow + 1);
      expect(await opened[0]?.commands?.pttl(lock)).toBeLessThanOrEqual(5_000);
    });
    expect(await opened[0]?.commands?.pttl(fence)).toBeGreaterThan(86_400_000);
    expect(await opened[0]?.commands?.keys('test:*')).toEqual([fence]);
  });

  it('are lost when Redis has forgotten them, and never take the lock from the next', async () => {
    const locks = await locksOf();
    const first = await locks.acquire('a', { leaseMs: 300 });
    const noticed = lost(first);
    await opened[0]?.commands?.flushall();
    const second = await locks.acquire('a', LONG);
    await noticed;
    expect(() => first.assertHeld()).toThrow('Redis has forgotten it');
    expect(await first.release()).toBe(false);
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'lock-timeout' });
    expect(await second.release()).toBe(true);
  });

  it('are refused, and nothing is run, while Redis is away or does not answer', async () => {
    const locks = await locksOf(FAST);
    const work = jest.fn(() => Promise.resolve());
    const refused = expect.objectContaining({ code: 'lock-unavailable' }) as Error;
    const gone = new Promise<void>((lostNow) => opened[0]?.onLost(lostNow));
    server.pause();
    await expect(locks.withLock('a', work, { waitMs: 60_000 })).rejects.toEqual(refused);
    await server.kill();
    await gone;
    expect(locks.degraded).toBe(true);
    // The test would not live to see the end of the wait.
    await expect(locks.withLock('a', work, { waitMs: 60_000 })).rejects.toEqual(refused);
    const back = new Promise<void>((ready) => opened[0]?.onReady(ready));
    await server.restart();
    await back;
    expect(work).not.toHaveBeenCalled();
    await locks.withLock('a', work);
    expect([work.mock.calls.length, locks.degraded]).toEqual([1, false]);
  });

  it('do not stay taken for longer than their lease by an attempt whose answer came too late', async () => {
    const locks = await locksOf(FAST);
    server.pause();
    await expect(locks.acquire('a', { leaseMs: 1_000 })).rejects.toMatchObject({ code: 'lock-unavailable' });
    server.resume();
    const next = await eventually('the lock', () => locks.acquire('a').catch(() => undefined));
    await next.release();
  });

  it('are lost by their own clock when Redis stops answering', async () => {
    const locks = await locksOf(FAST);
    const lock = await locks.acquire('a', { leaseMs: 200 });
    const noticed = lost(lock);
    server.pause();
    await noticed;
    expect(() => lock.assertHeld()).toThrow('its lease may have run out');
    server.resume();
  });
});
