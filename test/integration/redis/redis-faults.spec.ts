import { Logger } from '@nestjs/common';
import { RedisConnections, type RedisConnectionOptions, type RedisHealth } from '@rapport/redis';
import { Redis } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const FAST: RedisConnectionOptions = {
  maxBackoffMs: 100,
  heartbeatMs: 100,
  inspectMs: 50,
  connectTimeoutMs: 500,
};

describe('RedisConnections, when Redis answers and refuses', () => {
  const servers: RedisServer[] = [];
  const cleanups: (() => void)[] = [];
  let lines: string[];

  const start = async (args: string[] = []): Promise<{ server: RedisServer; admin: Redis }> => {
    const server = await startRedis({ args });
    servers.push(server);
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    return { server, admin };
  };
  const connect = async (options: RedisConnectionOptions): Promise<RedisConnections> => {
    const redis = new RedisConnections({ ...FAST, ...options });
    cleanups.push(() => redis.close());
    await redis.start();
    return redis;
  };
  const healthOf = (redis: RedisConnections, what: string, wanted: (health: RedisHealth) => boolean) =>
    eventually(what, async () => {
      const health = redis.health();
      return wanted(health) ? health : undefined;
    });
  const isLostFor = (code: string) => (health: RedisHealth) =>
    health.status === 'lost' && health.reason?.code === code;
  const isWell = ({ status, writable }: RedisHealth): boolean => status === 'ready' && writable;

  beforeEach(() => {
    lines = [];
    for (const level of ['log', 'warn', 'error'] as const) {
      const note = (...[line]: unknown[]): void => void lines.push(`${level}: ${String(line)}`);
      jest.spyOn(Logger.prototype, level).mockImplementation(note);
    }
  });
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) clean();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    jest.restoreAllMocks();
  });

  it('a password that was changed: lost, with what to check, until it is right again', async () => {
    const { server, admin } = await start();
    const redis = await connect({ url: server.url });
    await admin.config('SET', 'requirepass', 'another');
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await healthOf(redis, 'the refusal', isLostFor('wrong-password'));
    await expect(redis.commands?.get('key')).rejects.toThrow();
    expect(redis.health().reason?.code).toBe('wrong-password');
    expect((await redis.ping(200)).reason).toContain('NOAUTH');
    expect(lines.filter((line) => line.includes('check the user and the password'))).toHaveLength(1);
    await admin.config('SET', 'requirepass', '');
    await healthOf(redis, 'the recovery', isWell);
    expect(await redis.commands?.set('key', 'value')).toBe('OK');
  });

  it('a primary that becomes a replica: lost, although nobody writes, until it is a primary again', async () => {
    const { server, admin } = await start();
    const { server: other } = await start();
    const redis = await connect({ url: server.url });
    const losses = jest.fn();
    redis.onLost(losses);
    await admin.replicaof(other.host, other.port);
    await healthOf(redis, 'the refusal', isLostFor('read-only'));
    expect(redis.writable()).toBe(false);
    expect(lines.filter((line) => line.includes('name its primary'))).toHaveLength(1);
    await admin.replicaof('NO', 'ONE');
    await healthOf(redis, 'the recovery', isWell);
    expect(losses).toHaveBeenCalledTimes(1);
    expect(await redis.commands?.set('key', 'value')).toBe('OK');
  });

  it('is not ready on a replica that it meets at the start, and joins when that is made the primary', async () => {
    const { server, admin } = await start();
    const { server: primary } = await start();
    await admin.replicaof(primary.host, primary.port);
    const redis = await connect({ url: server.url });
    expect(redis.status()).toBe('connecting');
    await expect(redis.commands?.set('key', 'value')).rejects.toThrow();
    await admin.replicaof('NO', 'ONE');
    await healthOf(redis, 'the recovery', isWell);
  });

  it('no memory left: ready but not writable, noticed without a write, until there is room', async () => {
    const { server, admin } = await start(['--maxmemory-policy', 'noeviction']);
    const redis = await connect({ url: server.url });
    const losses = jest.fn();
    redis.onLost(losses);
    await admin.config('SET', 'maxmemory', '1');
    const { status, reason } = await healthOf(redis, 'the refusal', ({ writable }) => !writable);
    expect([status, reason?.code]).toEqual(['ready', 'out-of-memory']);
    expect(await redis.commands?.get('key')).toBeNull();
    await admin.config('SET', 'maxmemory', '0');
    await healthOf(redis, 'the recovery', isWell);
    expect(losses).not.toHaveBeenCalled();
    expect(lines.filter((line) => line.includes('refuses writes ('))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('takes writes again after'))).toHaveLength(1);
  });

  it('learns of refused writes from the first that fails, before the next probe', async () => {
    const { server, admin } = await start(['--maxmemory-policy', 'noeviction']);
    const redis = await connect({ url: server.url, heartbeatMs: 60_000 });
    await admin.config('SET', 'maxmemory', '1');
    expect(redis.writable()).toBe(true);
    await expect(redis.commands?.eval('return redis.call("SET", KEYS[1], "v")', 1, 'key')).rejects.toThrow(
      'OOM',
    );
    expect(redis.writable()).toBe(false);
  });

  it('loading its data: lost until it has', async () => {
    const { server, admin } = await start([
      '--key-load-delay',
      '4000',
      '--loading-process-events-interval-bytes',
      '1024',
      '--enable-debug-command',
      'yes',
    ]);
    await admin.debug('POPULATE', '300', 'key', '100');
    const redis = await connect({ url: server.url });
    const reload = admin.debug('RELOAD', 'NOFLUSH', 'MERGE');
    await healthOf(redis, 'the refusal', isLostFor('loading'));
    await reload;
    await healthOf(redis, 'the recovery', isWell);
  });

  it('says once that memory runs short, once that it is shorter still, once that there is room again', async () => {
    const { server, admin } = await start(['--maxmemory-policy', 'allkeys-lru']);
    const redis = await connect({ url: server.url, memoryWarnPercent: 60, memoryAlertPercent: 80 });
    const fill = async (percent: number, from: number, to: number): Promise<RedisHealth> => {
      const { memory } = await healthOf(redis, 'INFO', ({ memory: seen }) => seen !== null);
      await admin.config('SET', 'maxmemory', String(Math.round(((memory?.usedBytes ?? 0) * 100) / percent)));
      return healthOf(redis, `${percent} %`, ({ memory: seen }) => {
        const now = seen?.percent ?? 0;
        return now >= from && now < to;
      });
    };
    await fill(30, 20, 55);
    await fill(68, 60, 80);
    const { memory } = await fill(90, 80, 150);
    expect(memory).toMatchObject({ maxBytes: expect.any(Number), policy: 'allkeys-lru' });
    await fill(68, 60, 80);
    await fill(30, 20, 55);
    const said = lines.filter((line) => line.includes('maxmemory'));
    expect(said.map((line) => line.split(':')[0])).toEqual(['warn', 'error', 'log']);
    expect(said[0]).toContain('drops keys (allkeys-lru)');
  });

  it('tells version, replication and latency of a healthy server', async () => {
    const { server } = await start(['--repl-diskless-sync-delay', '0']);
    const { admin } = await start([
      '--replicaof',
      `${server.host} ${server.port}`,
      '--repl-diskless-sync-delay',
      '0',
    ]);
    await eventually('the replica', async () =>
      (await admin.info('replication')).includes('link_status:up') ? true : undefined,
    );
    const redis = await connect({ url: server.url });
    const health = await healthOf(redis, 'INFO', ({ replication }) => replication?.lagSeconds != null);
    expect(health).toMatchObject({
      mode: 'single',
      status: 'ready',
      writable: true,
      reason: null,
      replication: { role: 'primary', connectedReplicas: 1 },
      version: expect.stringMatching(/^\d+\.\d+/),
      since: expect.stringMatching(/Z$/),
    });
    expect(health.latencyMs.p99).toBeGreaterThan(0);
    await redis.commands?.get('key');
    const { commands, reconnects } = redis.metrics();
    expect(commands.sent).toBeGreaterThan(1);
    expect(commands.latency.counts.reduce((sum, count) => sum + count, 0)).toBe(
      commands.sent - commands.failed,
    );
    expect(reconnects).toBe(0);
  });
});
