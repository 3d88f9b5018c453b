import { Redis } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import { startSentinels, type SentinelGroup } from '../../support/redis-sentinel.js';

describe('the Sentinel group of the tests', () => {
  let group: SentinelGroup;
  let client: Redis;

  beforeAll(async () => {
    group = await startSentinels({ replicas: 1 });
    const { sentinels, name } = group;
    client = new Redis({ sentinels, name, retryStrategy: () => 50, sentinelRetryStrategy: () => 50 });
    client.on('error', () => undefined);
  });

  afterAll(async () => {
    client.disconnect();
    await group.stop();
  });

  /** A primary that was deposed in good order stays connected, and says READONLY until the client asks anew. */
  const write = async (value: string): Promise<void> => {
    try {
      await client.set('key', value);
    } catch {
      client.disconnect(true);
      await client.set('key', value);
    }
  };

  it('fails over in good order', async () => {
    await write('before');
    const old = await group.primary();
    const taker = await group.failover();
    expect(taker.port).not.toBe(old.port);
    expect(await client.get('key')).toBe('before');
    await write('after');
    expect(await client.get('key')).toBe('after');
  });

  it('survives a killed primary, which comes back as a replica', async () => {
    const old = await group.primary();
    const taker = await group.killPrimary();
    await write('written to the taker');
    expect(await client.get('key')).toBe('written to the taker');
    await old.restart();
    const direct = new Redis(old.port, old.host);
    try {
      await eventually('the old primary to follow', async () => {
        const role = await direct.role().catch(() => []);
        return role[0] === 'slave' ? true : undefined;
      });
    } finally {
      direct.disconnect();
    }
    expect(await group.primary()).toBe(taker);
  });
});
