import { Logger } from '@nestjs/common';
import { PeriodicTasks } from './periodic.js';

/** A promise and the function that fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('PeriodicTasks', () => {
  let tasks: PeriodicTasks;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    tasks = new PeriodicTasks();
  });
  afterEach(() => tasks.onModuleDestroy());

  it('runs a task again and again, also after it failed', async () => {
    const third = gate();
    let runs = 0;
    tasks.every('t', 1, () => {
      runs++;
      if (runs === 3) third.open();
      if (runs === 1) throw new Error('once');
      return runs === 2 ? Promise.reject(new Error('twice')) : Promise.resolve();
    });
    await third.opened;
    expect(runs).toBeGreaterThanOrEqual(3);
  });

  it('never runs a task beside itself', async () => {
    const started = gate();
    const finish = gate();
    const other = gate();
    let running = 0;
    let most = 0;
    tasks.every('slow', 1, async () => {
      most = Math.max(most, ++running);
      started.open();
      await finish.opened;
      running--;
    });
    await started.opened;
    let turns = 0;
    tasks.every('other', 1, () => {
      if (++turns === 5) other.open();
    });
    await other.opened;
    finish.open();
    expect(most).toBe(1);
  });

  it('waits at shutdown for a running task, tells it, and starts nothing afterwards', async () => {
    const started = gate();
    let ended = false;
    let runs = 0;
    tasks.every('t', 1, async (signal) => {
      runs++;
      started.open();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      ended = true;
    });
    tasks.every('later', 3_600_000, () => {
      runs++;
    });
    await started.opened;
    await tasks.onModuleDestroy();
    expect([ended, runs]).toEqual([true, 1]);
  });

  it('does not let a stuck task hold the shutdown', async () => {
    jest.useFakeTimers();
    try {
      tasks.every('stuck', 10, () => new Promise(() => undefined));
      await jest.advanceTimersByTimeAsync(20);
      const stopped = tasks.onModuleDestroy();
      await jest.advanceTimersByTimeAsync(5_000);
      await stopped;
    } finally {
      jest.useRealTimers();
      tasks = new PeriodicTasks();
    }
  });

  it('refuses a second task of the same name', () => {
    tasks.every('t', 1000, () => undefined);
    expect(() => tasks.every('t', 1000, () => undefined)).toThrow('own name');
  });
});
