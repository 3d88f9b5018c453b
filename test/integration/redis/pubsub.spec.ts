import { Logger } from '@nestjs/common';
import { PubSub, RedisConnections, type RedisConnectionOptions } from '@rapport/redis';
import { until } from '../../../libs/redis/src/testing/until.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

/** Of a machine that stands still at times: no command fails of it, and no connection is given up. */
const PATIENT = { maxBackoffMs: 50, heartbeatMs: 10_000, commandTimeoutMs: 20_000 };
/** Notices at once that Redis hangs or is gone. */
const FAST = { maxBackoffMs: 50, heartbeatMs: 100, commandTimeoutMs: 5_000, connectTimeoutMs: 500 };

const closing: { close: () => unknown }[] = [];
async function open({ url }: RedisConnectionOptions, times = PATIENT): Promise<[PubSub, RedisConnections]> {
  const connections = new RedisConnections({ ...times, url });
  await connections.start();
  await until(() => connections.status() === 'ready');
  const pubsub = new PubSub(connections, { prefix: 'p*', maxPayloadBytes: 1_000 });
  closing.push(connections, pubsub);
  return [pubsub, connections];
}
const count = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

beforeAll(() => Logger.overrideLogger(false));
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
  jest.restoreAllMocks();
});

describe('publish and subscribe among instances', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('is heard once by every instance, in the order of each publisher', async () => {
    const [[one], [other]] = await Promise.all([open(server), open(server)]);
    const heard: { one: number[]; other: number[]; pattern: number[] } = { one: [], other: [], pattern: [] };
    await one.subscribe<number>('a', (number) => heard.one.push(number));
    await other.subscribe<number>('a', (number) => heard.other.push(number));
    await other.psubscribe<number>('*', (number) => heard.pattern.push(number));
    const published = await Promise.all(
      count(1, 200).map((number) => (number % 2 ? one : other).publish('a', number)),
    );
    expect(new Set(published)).toEqual(new Set(['shared']));
    await until(() => Object.values(heard).every((numbers) => numbers.length >= 200));
    for (const numbers of Object.values(heard)) {
      expect(numbers).toHaveLength(200);
      for (const parity of [0, 1]) {
        const ofOne = numbers.filter((number) => number % 2 === parity);
        expect(ofOne).toEqual([...ofOne].sort((a, b) => a - b));
      }
    }
  });

  it('takes one subscription a channel, until the last callback stops', async () => {
    const [pubsub, { commands }] = await open(server);
    const [, asking] = await open(server);
    const subscribers = async (): Promise<unknown> =>
      ((await asking.commands!.call('PUBSUB', 'NUMSUB', 'p*:pubsub:a')) as unknown[])[1];
    expect(commands).toBeDefined();
    const stops = await Promise.all(count(1, 5).map(() => pubsub.subscribe('a', () => undefined)));
    expect(await subscribers()).toBe(1);
    await Promise.all(stops.slice(1).map((stop) => stop()));
    expect(await subscribers()).toBe(1);
    await stops[0]!();
    expect(await subscribers()).toBe(0);
  });

  it('is subscribed at the end to what is wanted, however fast callbacks come and go', async () => {
    const [[pubsub], [other]] = await Promise.all([open(server), open(server)]);
    const heard: string[] = [];
    const coming = count(1, 30).map(async (number) => {
      const channel = `c${number % 3}`;
      const stop = await pubsub.subscribe(channel, () => heard.push(channel));
      if (number > 3) await stop();
    });
    await Promise.all(coming);
    for (const channel of ['c0', 'c1', 'c2']) await other.publish(channel, 0);
    await until(() => heard.length >= 3);
    expect(heard.sort()).toEqual(['c0', 'c1', 'c2']);
  });

  it('is heard by who comes while the last one is going', async () => {
    const [[pubsub], [other]] = await Promise.all([open(server), open(server)]);
    const channels = count(0, 9).map((turns) => `after ${turns} turns`);
    const heard: string[] = [];
    await Promise.all(
      channels.map(async (channel, turns) => {
        const stop = await pubsub.subscribe(channel, () => undefined);
        const stopped = stop();
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await pubsub.subscribe(channel, () => heard.push(channel));
        await stopped;
      }),
    );
    for (const channel of channels) await other.publish(channel, 0);
    await until(() => heard.length >= channels.length);
    expect(heard.sort()).toEqual(channels);
  });

  it('drops and logs what it cannot understand or what is too large, and goes on', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const [[pubsub, { commands }], [other]] = await Promise.all([open(server), open(server)]);
    const heard: unknown[] = [];
    await pubsub.subscribe('a', (payload) => heard.push(payload));
    const id = 'x'.repeat(36);
    for (const foreign of [
      '',
      'x',
      '{"a":1}',
      `${id} {`,
      `${id} `,
      `${id} ${JSON.stringify('x'.repeat(999))}`,
    ])
      await commands!.publish('p*:pubsub:a', foreign);
    await other.publish('a', 'fine');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['fine']);
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it('does not hear channels of another prefix, though its own looks like a pattern', async () => {
    const [[pubsub, { commands }], [other]] = await Promise.all([open(server), open(server)]);
    const heard: unknown[] = [];
    await pubsub.psubscribe('*', (payload) => heard.push(payload));
    await commands!.publish('pax:pubsub:a', `${'x'.repeat(36)} "foreign"`);
    await other.publish('a', 'own');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['own']);
  });

  it('subscribes again when the connection was cut, and says that messages may have been missed', async () => {
    const [[pubsub], [other]] = await Promise.all([open(server), open(server)]);
    const heard: unknown[] = [];
    let again = 0;
    pubsub.onResubscribed(() => again++);
    await pubsub.subscribe('a', (payload) => heard.push(payload));
    await pubsub.psubscribe('b*', (payload) => heard.push(payload));
    expect(again).toBe(0);
    const [, admin] = await open(server);
    await admin.commands!.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => again > 0 && !pubsub.degraded && !other.degraded);
    await other.publish('a', 1);
    await other.publish('bc', 2);
    await until(() => heard.length === 2);
    expect(heard).toEqual([1, 2]);
  });
});

describe('publish and subscribe while Redis is away', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(() => server.stop());

  it('reaches its own callbacks exactly once each, before, during and after', async () => {
    const [pubsub] = await open(server, FAST);
    const heard: number[] = [];
    await pubsub.subscribe<number>('a', (number) => heard.push(number));
    let sent = 0;
    const publishUntil = async (isSo: () => boolean): Promise<void> => {
      await until(async () => {
        await pubsub.publish('a', ++sent);
        return isSo();
      });
    };
    await pubsub.publish('a', ++sent);
    server.pause();
    await publishUntil(() => pubsub.degraded);
    expect(await pubsub.publish('a', ++sent)).toBe('local');
    server.resume();
    await publishUntil(() => !pubsub.degraded);
    await server.kill();
    await publishUntil(() => pubsub.degraded);
    await server.restart();
    await publishUntil(() => !pubsub.degraded);
    expect(await pubsub.publish('a', ++sent)).toBe('shared');
    // Whatever would come back through Redis has come when another instance's message is there.
    const [other] = await open(server);
    await other.publish('a', 0);
    await until(() => heard.includes(0));
    expect(heard).toEqual([...count(1, sent), 0]);
  });

  it('hears other instances as soon as Redis is there, if it was not at the start', async () => {
    await server.kill();
    const connections = new RedisConnections({ url: server.url, ...FAST });
    const pubsub = new PubSub(connections, { prefix: 'p*' });
    closing.push(connections, pubsub);
    await connections.start();
    const heard: unknown[] = [];
    await pubsub.subscribe('a', (payload) => heard.push(payload));
    const stop = await pubsub.subscribe('b', (payload) => heard.push(payload));
    await stop();
    expect(pubsub.degraded).toBe(true);
    const again = new Promise<void>((resolve) => pubsub.onResubscribed(resolve));
    await server.restart();
    await again;
    const [other, { commands }] = await open(server);
    await other.publish('b', 1);
    await other.publish('a', 2);
    await until(() => heard.length > 0);
    expect(heard).toEqual([2]);
    expect(await commands!.call('PUBSUB', 'CHANNELS', '*:b')).toEqual([]);
  });
});
