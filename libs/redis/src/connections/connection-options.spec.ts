import { addressOf, topologyOf } from './connection-options.js';

describe('the options of the connections', () => {
  it('name one way to reach Redis, or none', () => {
    expect(topologyOf({ port: 6379, password: 'x', sentinels: [], clusterNodes: [] })).toBe('none');
    expect(topologyOf({ host: 'eu.example' })).toBe('single');
    expect(topologyOf({ sentinels: [{ host: 'a', port: 1 }] })).toBe('sentinel');
    expect(topologyOf({ clusterNodes: [{ host: 'a', port: 1 }] })).toBe('cluster');
  });

  it('refuse to guess which of two ways is meant', () => {
    const node = [{ host: 'a', port: 1 }];
    expect(() => topologyOf({ url: 'redis://a', clusterNodes: node })).toThrow('single and cluster');
    expect(() => topologyOf({ sentinels: node, clusterNodes: node })).toThrow('sentinel and cluster');
  });

  it('show where Redis is, never a credential', () => {
    expect(addressOf({ url: 'redis://user:pass@eu.example:6380/2', host: 'other' })).toBe(
      'eu.example:6380/2',
    );
    expect(addressOf({ url: 'rediss://default:pass@eu.example' })).toBe('eu.example:6379/0');
    expect(addressOf({ host: 'eu.example', password: 'pass', db: 3 })).toBe('eu.example:6379/3');
    const nodes = [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ];
    expect(addressOf({ sentinels: nodes, sentinelPassword: 'pass' })).toBe(
      'mymaster of the Sentinels a:1, b:2',
    );
    expect(addressOf({ clusterNodes: nodes, password: 'pass' })).toBe('the Cluster a:1, b:2');
  });
});
