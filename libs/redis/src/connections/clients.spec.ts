import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { createClient, createSubscriber } from './clients.js';
import type { RedisConnectionOptions } from './connection-options.js';

const NODES = [
  { host: 'a.example', port: 7001 },
  { host: 'b.example', port: 7002 },
];

const single = (options: RedisConnectionOptions): RedisOptions =>
  (createClient(options, { role: 'commands' }) as Redis).options;

describe('the clients', () => {
  it('are not made when no Redis is named', () => {
    expect(createClient({ port: 6379, password: 'x' }, { role: 'commands' })).toBeUndefined();
    expect(createSubscriber({}, 'subscriber', undefined)).toBeUndefined();
  });

  it('use TLS for a rediss:// URL and for the option, and not otherwise', () => {
    expect(single({ url: 'rediss://user:pass@eu.example:6380/2' }).tls).toBeTruthy();
    expect(single({ host: 'eu.example', tls: true }).tls).toEqual({});
    expect(single({ url: 'rediss://eu.example', tls: { ca: 'pem' } }).tls).toEqual({ ca: 'pem' });
    expect(single({ url: 'redis://eu.example' }).tls).toBeUndefined();
  });

  it('take user, password and database from the URL, or from the fields', () => {
    const wanted = { host: 'eu.example', port: 6380, username: 'user', password: 'pass', db: 2 };
    expect(single({ url: 'redis://user:pass@eu.example:6380/2', host: 'other' })).toMatchObject(wanted);
    expect(single(wanted)).toMatchObject(wanted);
  });

  it('do not queue or repeat commands, and come back with a capped, jittered delay', () => {
    const options = single({ host: 'eu.example', maxBackoffMs: 1_000 });
    expect(options).toMatchObject({
      enableOfflineQueue: false,
      lazyConnect: true,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      commandTimeout: 1_000,
    });
    for (const attempt of [1, 5, 50, 5_000]) {
      const delay = options.retryStrategy?.(attempt) as number;
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(1_000);
    }
  });

  it('look for the primary again when a server says that it is a replica', () => {
    const reconnect = single({ host: 'eu.example' }).reconnectOnError;
    expect(reconnect?.(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    expect(reconnect?.(new Error('WRONGTYPE'))).toBe(false);
  });

  it('ask the Sentinels for the primary, hear of a failover, and log in to both', () => {
    const options = single({
      sentinels: NODES,
      sentinelName: 'eu',
      sentinelPassword: 'of sentinels',
      password: 'of servers',
      db: 4,
      tls: true,
    });
    expect(options).toMatchObject({
      sentinels: NODES,
      name: 'eu',
      role: 'master',
      sentinelPassword: 'of sentinels',
      password: 'of servers',
      db: 4,
      failoverDetector: true,
      enableTLSForSentinelMode: true,
      sentinelTLS: {},
    });
  });

  it('never send a command of a Cluster twice, and read from primaries only', () => {
    const cluster = createClient({ clusterNodes: NODES, password: 'pass' }, { role: 'commands' }) as Cluster;
    expect(cluster.isCluster).toBe(true);
    expect(cluster.options).toMatchObject({
      enableOfflineQueue: false,
      scaleReads: 'master',
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      redisOptions: { password: 'pass', commandTimeout: 1_000 },
    });
  });

  it('subscribe on a plain connection, on a Cluster, too', () => {
    const options = { clusterNodes: NODES, password: 'pass' };
    const commands = createClient(options, { role: 'commands' });
    const subscriber = createSubscriber(options, 'subscriber', commands);
    expect(subscriber?.isCluster).toBe(false);
    expect(subscriber?.options).toMatchObject({ password: 'pass', connectionName: 'rapport:subscriber' });
  });

  it('let a command that blocks take its time, on a connection that does not come back by itself', () => {
    const { options } = createClient({ host: 'eu.example' }, { role: 'blocking', blocking: true }) as Redis;
    expect(options.commandTimeout).toBeUndefined();
    expect(options.retryStrategy?.(1)).toBeNull();
  });
});
