import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { RedisConnections, type RedisConnectionOptions } from '@rapport/redis';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { freePort } from '../../support/server-process.js';

const FAST: RedisConnectionOptions = { maxBackoffMs: 100, heartbeatMs: 200, connectTimeoutMs: 500 };

describe('RedisConnections', () => {
  const servers: RedisServer[] = [];
  const connections: RedisConnections[] = [];
  const start = async (options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> => {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  };
  const connect = (options: RedisConnectionOptions): RedisConnections => {
    const redis = new RedisConnections({ ...FAST, ...options });
    connections.push(redis);
    return redis;
  };
  const ready = (redis: RedisConnections) => new Promise<void>((resolve) => redis.onReady(resolve));
  const lost = (redis: RedisConnections) => new Promise<void>((resolve) => redis.onLost(resolve));

  let warnings: jest.SpyInstance;
  let lines: jest.SpyInstance;
  beforeEach(() => {
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    lines = jest.spyOn(Logger.prototype, 'log').mockImplementation();
  });
  afterEach(async () => {
    for (const redis of connections.splice(0)) redis.close();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    jest.restoreAllMocks();
  });

  it('is off, and says so, when no Redis is configured', async () => {
    const redis = connect({});
    await redis.start();
    expect([redis.mode, redis.status(), redis.commands, redis.subscriber]).toEqual([
      'none',
      'off',
      undefined,
      undefined,
    ]);
    expect(await redis.ping(100)).toEqual({ status: 'off', latencyMs: 0 });
  });

  it('is ready when start() resolves, by URL or by host and port', async () => {
    const server = await start({ password: 'pass' });
    for (const options of [
      { url: server.url },
      { host: server.host, port: server.port, password: 'pass', db: 3 },
    ]) {
      const redis = connect(options);
      await redis.start();
      expect(redis.status()).toBe('ready');
      expect(await redis.commands?.set('key', 'value')).toBe('OK');
      expect((await redis.ping(1000)).status).toBe('up');
    }
    expect(lines).toHaveBeenCalledWith(`Redis at ${server.host}:${server.port}/3 is ready.`);
  });

  it('starts without Redis, fails commands at once, and joins when Redis appears', async () => {
    const port = await freePort();
    const redis = connect({ host: '127.0.0.1', port });
    await redis.start();
    expect(redis.status()).toBe('connecting');
    await expect(redis.commands?.get('key')).rejects.toThrow();
    expect((await redis.ping(500)).status).toBe('down');
    const joined = ready(redis);
    await start({ port });
    await joined;
    expect(await redis.commands?.set('key', 'value')).toBe('OK');
  });

  it('subscribes again after an outage when it is told to, once it is ready', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    redis.onReady(() => void redis.subscriber?.subscribe('news'));
    await redis.subscriber?.subscribe('news');
    const gone = lost(redis);
    await server.kill();
    await gone;
    expect(redis.status()).toBe('lost');
    const back = ready(redis);
    await server.restart();
    await back;
    const message = once(redis.subscriber as NonNullable<typeof redis.subscriber>, 'message');
    // The resubscription follows readiness on the same connection; publish until somebody hears it.
    while ((await redis.commands?.publish('news', 'hello')) === 0);
    expect(await message).toEqual(['news', 'hello']);
  });

  it('notices a server that keeps its connections open but no longer answers', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    const gone = lost(redis);
    server.pause();
    await gone;
    const back = ready(redis);
    server.resume();
    await back;
    expect((await redis.ping(1000)).status).toBe('up');
  });

  it('says once per outage that Redis is unavailable, and once that it is back', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    const gone = lost(redis);
    await server.kill();
    await gone;
    for (let attempt = 0; attempt < 2; attempt++) {
      await new Promise((resolve) => redis.commands?.once('reconnecting', resolve));
    }
    const back = ready(redis);
    await server.restart();
    await back;
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(lines.mock.calls.map(([line]) => String(line).replace(/[\d.]+ s/, 'N s'))).toEqual([
      `Redis at ${server.host}:${server.port}/0 is ready.`,
      `Redis at ${server.host}:${server.port}/0 is back after N s.`,
    ]);
  });

  it('names a wrong password, never the password', async () => {
    const server = await start({ password: 'right' });
    const redis = connect({ host: server.host, port: server.port, password: 'wrong-secret' });
    await redis.start();
    expect(redis.status()).toBe('connecting');
    const text = warnings.mock.calls.flat().join('\n');
    expect(text).toContain('WRONGPASS');
    expect(text).not.toContain('wrong-secret');
  });

  it('closes at once although Redis hangs', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    server.pause();
    const ends = Promise.all(
      [redis.commands, redis.subscriber].flatMap((client) => (client ? [once(client, 'end')] : [])),
    );
    redis.close();
    await ends;
    server.resume();
  });

  it('gives further connections for subscriptions, which come back and end with it', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    const own = redis.duplicate('mine');
    if (!own) throw new Error('no connection');
    await once(own, 'ready');
    // Not `once` of node:events: it gives up at the errors that each refused attempt may tell.
    const again = new Promise((resolve) => own.once('ready', resolve));
    await server.kill();
    await server.restart();
    await again;
    await own.subscribe('news');
    const message = once(own, 'message');
    await eventually('somebody to hear it', async () =>
      (await redis.commands?.publish('news', 'hello').catch(() => 0)) ? true : undefined,
    );
    expect(await message).toEqual(['news', 'hello']);
    const ended = once(own, 'end');
    redis.close();
    await ended;
    expect(redis.duplicate('late')).toBeUndefined();
  });

  it('brings a client back that has given up for good', async () => {
    const server = await start();
    const redis = connect({ url: server.url });
    await redis.start();
    const { commands } = redis;
    const gone = lost(redis);
    commands?.disconnect();
    await gone;
    await ready(redis);
    expect(redis.commands).toBe(commands);
    expect(await commands?.set('key', 'value')).toBe('OK');
    expect(redis.metrics().reconnects).toBe(1);
  });

  it('counts commands, failed ones and those without an answer in time', async () => {
    const server = await start();
    const redis = connect({ url: server.url, commandTimeoutMs: 500, heartbeatMs: 60_000 });
    await redis.start();
    const before = redis.metrics().commands;
    await redis.commands?.set('key', 'value');
    await expect(redis.commands?.lpush('key', 'value')).rejects.toThrow('WRONGTYPE');
    server.pause();
    await expect(redis.commands?.get('key')).rejects.toThrow('Command timed out');
    server.resume();
    const { failed, timedOut } = redis.metrics().commands;
    expect([failed - before.failed, timedOut - before.timedOut]).toEqual([2, 1]);
  });

  it('leaves no socket and no timer when it is closed', async () => {
    const open = (): string[] =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout');
    const server = await start();
    const before = open().length;
    const redis = connect({ url: server.url });
    await redis.start();
    redis.duplicate('mine');
    await redis.blocking.use((client) => client.ping());
    expect(open().length).toBeGreaterThan(before);
    redis.close();
    await eventually('all to be closed', async () => (open().length <= before ? true : undefined));
  });
});
