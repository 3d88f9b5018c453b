import type { Redis } from 'ioredis';
import { Heartbeat } from './heartbeat.js';

describe('the heartbeat of the command connection', () => {
  const disconnect = jest.fn();
  const listener = { onTaken: jest.fn(), onRefused: jest.fn(), onUnusable: jest.fn() };
  let told: Promise<void>;

  beforeEach(() => {
    jest.clearAllMocks();
    told = new Promise((resolve) => {
      for (const mock of Object.values(listener)) mock.mockImplementation(() => resolve());
    });
  });

  const heartbeat = (set: () => Promise<unknown>, intervalMs = 1_000): Heartbeat => {
    const client = { isCluster: false, status: 'ready', set, disconnect } as unknown as Redis;
    return new Heartbeat(client, () => [], { intervalMs, key: 'probe' }, listener);
  };
  const refuse = (message: string) => () => Promise.reject(new Error(message));

  it('tells that a write was taken, and when it was asked', async () => {
    const before = performance.now();
    heartbeat(() => Promise.resolve('OK')).beat();
    await told;
    const [askedAt] = listener.onTaken.mock.calls[0] as [number];
    expect(askedAt).toBeGreaterThanOrEqual(before);
    expect(askedAt).toBeLessThanOrEqual(performance.now());
  });

  it.each([
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['NOAUTH Authentication required.', 'wrong-password'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'out-of-memory'],
  ])('tells a refusal that comes on a connection that stands: %s', async (message, code) => {
    heartbeat(refuse(message)).beat();
    await told;
    expect(listener.onRefused).toHaveBeenCalledWith(expect.objectContaining({ code }));
    expect(disconnect).not.toHaveBeenCalled();
  });

  it('takes an error that says nothing about Redis for an answer', async () => {
    heartbeat(refuse('NOPERM this user has no permissions to access one of the keys')).beat();
    await told;
    expect(listener.onTaken).toHaveBeenCalled();
  });

  it('gives a silent connection up', async () => {
    const silent = heartbeat(() => new Promise(() => undefined), 5);
    silent.beat();
    // For a process that was held up itself once is not enough.
    const again = setInterval(() => silent.beat(), 100);
    await told;
    clearInterval(again);
    expect(listener.onUnusable).toHaveBeenCalledWith(expect.objectContaining({ code: 'no-answer' }));
    expect(disconnect).toHaveBeenCalledWith(true);
  });

  it('gives it up only at the second silence, when this process was too busy to hear the first', async () => {
    const silent = heartbeat(() => new Promise(() => undefined), 5);
    silent.beat();
    const until = performance.now() + 300;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(disconnect).not.toHaveBeenCalled();
    silent.beat();
    await told;
    expect(disconnect).toHaveBeenCalledWith(true);
  });

  it('does not ask again before the answer', () => {
    const set = jest.fn(() => new Promise(() => undefined));
    const beats = heartbeat(set);
    beats.beat();
    beats.beat();
    expect(set).toHaveBeenCalledTimes(1);
  });
});
