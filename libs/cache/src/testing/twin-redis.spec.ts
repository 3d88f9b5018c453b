import { CacheEngine } from '../cache-engine.js';
import { CacheHandle } from '../cache-handle.js';
import { defineCache } from '../declare/cache-declaration.js';
import { describeCacheContract } from './cache.contract.js';
import { TwinRedis } from './twin-redis.js';
import type { TwinProcess } from './twin-process.js';
import { VirtualClock } from './virtual-clock.js';

describe('an engine', () => {
  let twin: TwinRedis;
  let processes = 0;
  beforeEach(() => {
    twin = new TwinRedis({ deadlineMs: 1_000 });
  });
  describeCacheContract('the twin of Redis', () => ({
    backend: twin.connect(`process-${++processes}`).backend,
  }));
});

const items = defineCache<[id: string], string>({
  name: 'item',
  key: (id) => [id],
  ttl: '1h',
  l1: { ttl: '10m' },
});

describe('the twin of Redis', () => {
  const clock = new VirtualClock();
  let twin: TwinRedis;
  const engines: CacheEngine[] = [];

  const join = async (
    name: string,
  ): Promise<{ process: TwinProcess; handle: CacheHandle<[string], string> }> => {
    const process = twin.connect(name);
    const engine = new CacheEngine({ backend: process.backend });
    engines.push(engine);
    await engine.start();
    return { process, handle: new CacheHandle(engine, engine.region(items)) };
  };
  const load = (value: string) => (): Promise<string> => Promise.resolve(value);

  beforeEach(() => {
    twin = new TwinRedis({ clock });
  });
  afterEach(() => engines.splice(0).forEach((engine) => engine.stop()));

  it('shares entries between engines, and their evicts', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await a.handle.getOrLoad(['1'], load('old'));
    expect(await b.handle.get(['1'])).toBe('old');
    expect(await a.handle.evict(['1'])).toBe('applied');
    await settled();
    expect(await b.handle.get(['1'])).toBeUndefined();
  });

  it('lets an engine serve its L1 no longer than 2 s while notices do not arrive', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await b.handle.getOrLoad(['1'], load('old'));
    b.process.darken('notices');
    await a.handle.evict(['1']);
    expect(await b.handle.get(['1'])).toBe('old');
    await pass(clock, 2_000);
    expect(await b.handle.get(['1'])).toBeUndefined();
  });

  it('gives no more than loaders while the server is paused, and its entries again afterwards', async () => {
    const { handle } = await join('a');
    await handle.put(['1'], 'kept');
    twin.pause();
    await pass(clock, 5_000);
    const read = handle.getOrLoad(['1'], load('loaded'));
    await pass(clock, 60);
    expect(await read).toBe('loaded');
    twin.resume();
    await pass(clock, 2_000);
    expect(await handle.get(['1'])).toBe('kept');
  });

  it('keeps evicts of a process that is cut off, until it is connected again', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await b.handle.getOrLoad(['1'], load('old'));
    a.process.darken('commands');
    const evict = a.handle.evict(['1']);
    await pass(clock, 60);
    expect(await evict).toBe('pending');
    expect(await b.handle.get(['1'])).toBe('old');
    a.process.cut('commands');
    await pass(clock, 2_000);
    expect(await b.handle.get(['1'])).toBeUndefined();
  });

  it('forgets everything when it restarts', async () => {
    const { handle } = await join('a');
    await handle.put(['1'], 'kept');
    twin.restart();
    await pass(clock, 2_000);
    expect(await handle.get(['1'])).toBeUndefined();
  });

  it('answers no process that was killed, and lets another one take its load over', async () => {
    const [a, b] = [await join('a'), await join('b')];
    void a.handle.getOrLoad(['1'], () => new Promise(() => undefined));
    await settled();
    a.process.kill(true);
    const read = b.handle.getOrLoad(['1'], load('taken over'));
    await pass(clock, 3_500);
    expect(await read).toBe('taken over');
  });

  it('refuses a second process of the same name', async () => {
    await join('a');
    expect(() => twin.connect('a')).toThrow(/has a process "a" already/);
  });
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass in small steps, and what it sets going happen. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(Math.min(10, left));
    await settled();
  }
}
