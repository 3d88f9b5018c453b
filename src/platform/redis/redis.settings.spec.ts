import { RedisConnections } from '@rapport/redis';
import { loadSettings } from '../../config/load-settings.js';
import { RedisSettings } from './redis.settings.js';

const load = (environment: Record<string, string>): RedisSettings =>
  loadSettings([RedisSettings], environment).get(RedisSettings);

describe('the settings of Redis', () => {
  it('name no Redis by default', () => {
    expect(new RedisConnections(load({}).connection()).topology).toBe('none');
  });

  it('read Sentinels and their servers', () => {
    const options = load({
      REDIS_SENTINELS: 'a.example:26379, 10.0.0.2:26380,[fd00::3]:26381',
      REDIS_SENTINEL_NAME: 'eu',
      REDIS_SENTINEL_PASSWORD: 'of sentinels',
      REDIS_PASSWORD: 'of servers',
      REDIS_DB: '2',
      REDIS_TLS: 'true',
    }).connection();
    expect(options).toMatchObject({
      sentinels: [
        { host: 'a.example', port: 26379 },
        { host: '10.0.0.2', port: 26380 },
        { host: 'fd00::3', port: 26381 },
      ],
      sentinelName: 'eu',
      sentinelPassword: 'of sentinels',
      password: 'of servers',
      db: 2,
      tls: true,
    });
  });

  it('read the nodes of a Cluster, the pool and the thresholds', () => {
    const options = load({
      REDIS_CLUSTER_NODES: 'a:7001,b:7002',
      REDIS_POOL_MIN: '1',
      REDIS_POOL_MAX: '3',
      REDIS_MEMORY_WARN: '50',
      REDIS_MEMORY_ALERT: '60',
    }).connection();
    expect(options).toMatchObject({
      clusterNodes: [
        { host: 'a', port: 7001 },
        { host: 'b', port: 7002 },
      ],
      pool: { min: 1, max: 3 },
      memoryWarnPercent: 50,
      memoryAlertPercent: 60,
    });
  });

  it.each([
    [
      'Sentinels and a Cluster',
      { REDIS_SENTINELS: 'a:1', REDIS_CLUSTER_NODES: 'b:2' },
      'REDIS_SENTINELS cannot be combined with REDIS_CLUSTER_NODES; keep one of them',
    ],
    [
      'a URL and a Cluster',
      { REDIS_URL: 'redis://a', REDIS_CLUSTER_NODES: 'b:2' },
      'REDIS_URL names a single server, and REDIS_SENTINELS or REDIS_CLUSTER_NODES others; keep one of them',
    ],
    [
      'a host and Sentinels',
      { REDIS_HOST: 'a', REDIS_SENTINELS: 'b:2' },
      'REDIS_HOST names a single server, and REDIS_SENTINELS or REDIS_CLUSTER_NODES others; keep one of them',
    ],
    [
      'a database of a Cluster',
      { REDIS_DB: '1', REDIS_CLUSTER_NODES: 'b:2' },
      'REDIS_DB must be 0 with REDIS_CLUSTER_NODES',
    ],
    ['a node without its port', { REDIS_CLUSTER_NODES: 'a:1,b' }, 'REDIS_CLUSTER_NODES must be host:port'],
    ['a Sentinel with a scheme', { REDIS_SENTINELS: 'redis://a:1' }, 'REDIS_SENTINELS must be host:port'],
    ['a port that is none', { REDIS_SENTINELS: 'a:65536' }, 'REDIS_SENTINELS must be host:port'],
    [
      'a pool with more than its maximum',
      { REDIS_POOL_MIN: '6', REDIS_POOL_MAX: '5' },
      'REDIS_POOL_MIN must not be greater than REDIS_POOL_MAX',
    ],
    [
      'an alert below the warning',
      { REDIS_MEMORY_WARN: '90', REDIS_MEMORY_ALERT: '80' },
      'REDIS_MEMORY_ALERT must not be less than REDIS_MEMORY_WARN',
    ],
  ])('refuse %s, and say what to do', (_, environment, message) => {
    expect(() => load(environment)).toThrow(message);
  });
});
