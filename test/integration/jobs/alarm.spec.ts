import { randomUUID } from 'node:crypto';
import { RedisConnections } from '@rapport/redis';
import { Alarm } from '../../../src/platform/jobs/alarm.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('an alarm', () => {
  let redis: RedisServer;
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    await redis.stop();
  });

  const open = async (prefix: string): Promise<Alarm> => {
    const connections = new RedisConnections({ url: redis.url });
    ends.push(() => connections.close());
    await connections.start();
    const alarm = new Alarm('work', connections, prefix);
    ends.push(() => alarm.onApplicationShutdown());
    return alarm;
  };

  it('is passed on by one who has heard it and is on its way out', async () => {
    const prefix = `{${randomUUID()}}`;
    const [leaving, staying] = await Promise.all([open(prefix), open(prefix)]);
    const heard = new Promise<string>((resolve) => {
      const passOn = async (id: string): Promise<void> => {
        leaving.silence();
        staying.answer({ take: (again) => Promise.resolve(resolve(again)), look: () => undefined }, 1);
        await leaving.callAgain(id);
      };
      leaving.answer({ take: passOn, look: () => undefined }, 1);
    });
    await leaving.call('row');
    expect(await heard).toBe('row');
  });
});
