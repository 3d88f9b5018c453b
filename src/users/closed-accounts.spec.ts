import { Logger } from '@nestjs/common';
import type { EventListener, NewEvent } from '../platform/events/event-log.js';
import type { EventLog } from '../platform/events/event-log.service.js';
import type { PeriodicTask, PeriodicTasks } from '../platform/jobs/periodic.js';
import { ClosedAccounts } from './closed-accounts.service.js';
import type { UsersRepository } from './users.repository.js';

/** Instances that share a database and a log, which can be cut. */
class Cluster {
  readonly rows: string[] = [];
  logIsThere = true;
  private readonly listeners: EventListener[] = [];
  private readonly looks: (() => Promise<void>)[] = [];

  async instance(): Promise<ClosedAccounts> {
    const users = { closedSince: () => Promise.resolve([...this.rows]) } as unknown as UsersRepository;
    const events = {
      listen: (listener: EventListener) => this.listeners.push(listener),
      signal: (event: NewEvent) => {
        if (!this.logIsThere) return Promise.reject(new Error('Redis is away.'));
        for (const listener of this.listeners) listener({ event } as unknown as Parameters<EventListener>[0]);
        return Promise.resolve();
      },
    } as unknown as EventLog;
    const periodic = {
      every: (_name: string, _periodMs: number, task: PeriodicTask) => {
        this.looks.push(async () => task(new AbortController().signal));
      },
    } as unknown as PeriodicTasks;
    const accounts = new ClosedAccounts(users, events, periodic);
    await accounts.onApplicationBootstrap();
    return accounts;
  }

  async fiveSecondsLater(): Promise<void> {
    for (const look of this.looks) await look();
  }
}

describe('closed accounts', () => {
  let cluster: Cluster;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => (cluster = new Cluster()));
  afterEach(() => void jest.useRealTimers());

  it('are known to every instance at once, each of which says so once', async () => {
    const [here, there] = [await cluster.instance(), await cluster.instance()];
    const told: string[] = [];
    there.onClosed((userId) => told.push(userId));
    await here.announce('ann');
    await here.announce('ann');
    expect([here.has('ann'), there.has('ann'), there.has('bob')]).toEqual([true, true, false]);
    expect(told).toEqual(['ann']);
  });

  it('are found in the database by who was not told, and by who starts later', async () => {
    const [here, there] = [await cluster.instance(), await cluster.instance()];
    cluster.logIsThere = false;
    cluster.rows.push('ann');
    await here.announce('ann');
    expect([here.has('ann'), there.has('ann')]).toEqual([true, false]);
    await cluster.fiveSecondsLater();
    expect([there.has('ann'), (await cluster.instance()).has('ann')]).toEqual([true, true]);
  });

  it('are forgotten when no token of theirs can be in time any more', async () => {
    jest.useFakeTimers({
      now: Date.parse('2026-11-21T12:00:00.000Z'),
      doNotFake: ['nextTick', 'queueMicrotask'],
    });
    const here = await cluster.instance();
    await here.announce('ann');
    jest.setSystemTime(Date.parse('2026-11-22T12:30:00.000Z'));
    await cluster.fiveSecondsLater();
    expect(here.has('ann')).toBe(true);
    jest.setSystemTime(Date.parse('2026-11-22T13:30:00.000Z'));
    await cluster.fiveSecondsLater();
    expect(here.has('ann')).toBe(false);
  });
});
