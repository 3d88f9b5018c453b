import { RedisConnections } from '../connections/redis-connections.js';
import { describeLocks } from '../testing/locks.contract.js';
import { Locks } from './locks.js';

describeLocks('this process', () => new RedisConnections({}));

describe('a lock whose taking was not answered', () => {
  it('is given back in case it was taken all the same', async () => {
    const evalsha = jest.fn((..._command: unknown[]) => Promise.resolve<unknown>(1));
    evalsha.mockRejectedValueOnce(new Error('Command timed out'));
    const connections = { commands: { evalsha }, mode: 'single', status: () => 'ready' };
    const locks = new Locks(connections as unknown as RedisConnections, { prefix: 'p' });
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'lock-unavailable' });
    const [taking, release] = evalsha.mock.calls.map(([, count, key, ...rest]) => ({
      key,
      owner: rest[(count as number) - 1],
    }));
    expect(release).toEqual(taking);
    expect(release?.key).toBe('p:lock:{a}');
  });
});
