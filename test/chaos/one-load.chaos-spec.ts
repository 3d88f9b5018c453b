import { EventEmitter, once } from 'node:events';
import { undisturbed, watchStalls } from '../../libs/redis/src/testing/undisturbed.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { itemOf, type Item } from './children/item.js';
import { machineMs } from './children/history.js';
import { compileChildren, startChild, type Child } from './support/children.js';

const PROCESSES = 4;
const CALLS = 250;
/** After so long a lease ends by itself. */
const LEASE_MS = 3_000;
/** What a busy machine may need beyond that. */
const SLACK_MS = 2_000;

describe('four processes with 250 callers each, for one cold entry', () => {
  let server: RedisServer;
  let callers: Child[];
  const source = new EventEmitter();
  let loads: { caller: number; at: number }[];
  /** Gives a loader its value, or lets it wait for ever. */
  let answer: (load: number) => Promise<Item>;

  const load = (caller: number): Promise<Item> => {
    loads.push({ caller, at: machineMs() });
    source.emit('load');
    return answer(loads.length);
  };
  const call = (caller: Child, key: string): Promise<number[]> =>
    caller.ask<number[]>('call', { key, calls: CALLS });

  beforeAll(async () => {
    compileChildren();
    server = await startRedis();
  });

  beforeEach(async () => {
    loads = [];
    callers = await Promise.all(
      Array.from({ length: PROCESSES }, (_, at) =>
        startChild('caller', { port: server.port }, { load: () => load(at) }),
      ),
    );
  }, 60_000);

  afterEach(() => Promise.all(callers.map((caller) => caller.kill())));
  afterAll(() => server.stop());

  it('load it exactly once, however long that takes', async () => {
    let key = 'cold';
    // A process that stands still cannot renew its lease.
    await undisturbed(500, async () => {
      [loads, key] = [[], `${key} again`];
      answer = () => new Promise((resolve) => setTimeout(() => resolve(itemOf(key, 1)), LEASE_MS + 500));
      const answers = await Promise.all(callers.map((caller) => call(caller, key)));
      expect(answers).toEqual(Array.from({ length: PROCESSES }, () => [1]));
      expect(loads).toHaveLength(1);
    });
  }, 60_000);

  it('load it once more, within the lease, when the loading process is killed', async () => {
    const [first, ...others] = callers as [Child, ...Child[]];
    answer = (number) => (number === 1 ? new Promise(() => undefined) : Promise.resolve(itemOf('cold', 2)));
    const loading = once(source, 'load');
    call(first, 'taken over').catch(() => undefined);
    await loading;
    const waiting = others.map((caller) => call(caller, 'taken over'));
    await first.kill();
    const killedAt = machineMs();
    const stalls = watchStalls();
    expect(await Promise.all(waiting)).toEqual(others.map(() => [2]));
    expect(loads).toHaveLength(2);
    expect(loads[1]!.at - killedAt).toBeLessThan(LEASE_MS + SLACK_MS + stalls.totalMs());
    stalls.end();
  });
});
