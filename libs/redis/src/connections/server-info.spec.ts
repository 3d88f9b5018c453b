import { combineStates, parseInfo } from './server-info.js';

const PRIMARY = `# Server\r
redis_version:7.0.15\r
# Memory\r
used_memory:1500\r
mem_not_counted_for_evict:500\r
maxmemory:2000\r
maxmemory_policy:noeviction\r
mem_fragmentation_ratio:1.25\r
# Replication\r
role:master\r
connected_slaves:2\r
slave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=1\r
slave1:ip=10.0.0.3,port=6379,state=online,offset=40,lag=3\r
`;

describe('INFO', () => {
  it('tells memory as it counts against the limit, and the slowest replica', () => {
    expect(parseInfo(PRIMARY)).toEqual({
      version: '7.0.15',
      memory: { usedBytes: 1500, maxBytes: 2000, percent: 50, policy: 'noeviction', fragmentation: 1.25 },
      replication: { role: 'primary', connectedReplicas: 2, lagSeconds: 3 },
    });
  });

  it('of a server without limit, replicas and much else says what is not known', () => {
    expect(parseInfo('used_memory:10\r\nmaxmemory:0\r\nrole:master\r\n')).toEqual({
      version: null,
      memory: { usedBytes: 10, maxBytes: null, percent: null, policy: null, fragmentation: null },
      replication: { role: 'primary', connectedReplicas: 0, lagSeconds: null },
    });
  });

  it('of a replica tells when it last heard its primary', () => {
    const replica = 'role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:7\r\n';
    expect(parseInfo(replica).replication).toEqual({
      role: 'replica',
      connectedReplicas: 0,
      lagSeconds: 7,
    });
    expect(parseInfo('role:slave\r\nmaster_last_io_seconds_ago:-1\r\n').replication.lagSeconds).toBeNull();
  });

  it('of several primaries adds up what adds up, and takes the worst of the rest', () => {
    const small = parseInfo(PRIMARY.replace('used_memory:1500', 'used_memory:600'));
    expect(combineStates([small, parseInfo(PRIMARY)])).toMatchObject({
      memory: { usedBytes: 2100, maxBytes: 4000, percent: 50, fragmentation: 1.25 },
      replication: { connectedReplicas: 4, lagSeconds: 3 },
    });
    const unlimited = parseInfo('used_memory:10\r\nmaxmemory:0\r\nrole:master\r\n');
    expect(combineStates([parseInfo(PRIMARY), unlimited])?.memory).toMatchObject({
      maxBytes: null,
      percent: 50,
    });
    expect(combineStates([])).toBeUndefined();
  });
});
