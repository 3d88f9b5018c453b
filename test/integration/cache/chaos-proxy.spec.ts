import { Redis } from 'ioredis';
import { ChaosProxy } from '../../../libs/cache/src/testing/chaos-proxy.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Unlike `once` of node:events, not ended by an error in between. */
const event = (client: Redis, name: string): Promise<unknown[]> =>
  new Promise((resolve) => client.once(name, (...values: unknown[]) => resolve(values)));

describe('ChaosProxy in front of Redis', () => {
  let server: RedisServer;
  let proxy: ChaosProxy;
  let commands: Redis;
  let subscriber: Redis;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await ChaosProxy.start(server);
    const connection = { host: proxy.host, port: proxy.port, retryStrategy: () => 20, disconnectTimeout: 50 };
    commands = new Redis(connection);
    // ioredis leaves the rejection unhandled when its own SUBSCRIBE after a reconnection fails.
    subscriber = new Redis({ ...connection, autoResubscribe: false });
    for (const client of [commands, subscriber]) client.on('error', () => undefined);
    await subscriber.subscribe('news');
    subscriber.on('ready', () => void subscriber.subscribe('news').catch(() => undefined));
    await commands.ping();
  });

  afterEach(async () => {
    for (const client of [commands, subscriber]) client.disconnect();
    await proxy.close();
    await server.stop();
  });

  it('cuts the pub/sub link alone: commands are answered, messages arrive only afterwards', async () => {
    const heard: string[] = [];
    subscriber.on('message', (_, text) => heard.push(text));
    proxy.blackhole({ only: (connection) => connection.subscribes });
    expect(await commands.publish('news', 'one')).toBe(1);
    expect(await commands.publish('news', 'two')).toBe(1);
    for (let round = 0; round < 20; round++) await commands.ping();
    expect(heard).toEqual([]);
    expect(subscriber.status).toBe('ready');
    const last = event(subscriber, 'message');
    await proxy.heal();
    await last;
    await commands.ping();
    expect(heard).toEqual(['one', 'two']);
  });

  it('hides a killed server: the client stays "ready" until the link works again', async () => {
    proxy.blackhole();
    await server.kill();
    const answer = commands.get('a').catch((error: Error) => error);
    await new Promise((resolve) => setImmediate(resolve));
    expect(commands.status).toBe('ready');
    await server.restart();
    const closed = event(commands, 'close');
    await proxy.heal();
    await closed;
    expect(await commands.ping()).toBe('PONG');
    await answer;
  });

  it('after a reset clients connect and subscribe again', async () => {
    const again = Promise.all([event(commands, 'ready'), event(subscriber, 'ready')]);
    expect(proxy.reset()).toBe(2);
    await again;
    const message = event(subscriber, 'message');
    while ((await commands.publish('news', 'back')) === 0);
    expect(await message).toEqual(['news', 'back']);
  });

  it('a command sent into a blackhole is still carried out, after its client has given up', async () => {
    const undo = proxy.blackhole({ direction: 'toServer', only: ({ subscribes }) => !subscribes });
    commands.set('a', 'late').catch(() => undefined);
    commands.disconnect();
    await event(commands, 'end');
    const direct = new Redis(server.url);
    expect(await direct.get('a')).toBeNull();
    undo();
    while ((await direct.get('a')) !== 'late');
    direct.disconnect();
  });

  it('slows a command by the delay of both directions', async () => {
    proxy.delay(30);
    const startedAt = performance.now();
    await commands.ping();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(58);
  });

  it('is away for new connections, and back', async () => {
    proxy.refuse();
    proxy.reset();
    const [error] = (await event(commands, 'error')) as [NodeJS.ErrnoException];
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error.code);
    const ready = event(commands, 'ready');
    await proxy.heal();
    await ready;
    expect(await commands.ping()).toBe('PONG');
  });
});
