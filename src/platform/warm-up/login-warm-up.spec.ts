import { Logger } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { LoginWarmUp } from './login-warm-up.js';
import { WarmsAtLogin } from './warms-at-login.decorator.js';

class Shelf {
  readonly asked: string[] = [];
  answer: (userId: string) => Promise<unknown> = () => Promise.resolve();

  @WarmsAtLogin()
  books(userId: string): Promise<unknown> {
    this.asked.push(userId);
    return this.answer(userId);
  }
}

class Desk {
  asked = 0;

  @WarmsAtLogin()
  letters(): Promise<void> {
    this.asked += 1;
    return Promise.resolve();
  }
}

function warmUpOf(...instances: object[]): LoginWarmUp {
  const providers = [...instances, undefined, 7].map((instance) => ({ instance }));
  const warmUp = new LoginWarmUp({ getProviders: () => providers } as unknown as DiscoveryService);
  warmUp.onModuleInit();
  return warmUp;
}

describe('what is read ahead at a login', () => {
  let warned: jest.SpyInstance;
  beforeEach(() => (warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation()));
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('is asked of every feature that declares it, of methods that were wrapped later, too', async () => {
    const [shelf, desk] = [new Shelf(), new Desk()];
    const warmUp = warmUpOf(shelf, desk);
    const wrapped = jest.fn((userId: string) => Shelf.prototype.books.call(shelf, userId));
    shelf.books = wrapped;
    warmUp.warm('ann');
    await warmUp.settled();
    expect(wrapped).toHaveBeenCalledWith('ann');
    expect([shelf.asked, desk.asked]).toEqual([['ann'], 1]);
  });

  it('fails without anybody noticing but the log, and others are read all the same', async () => {
    const [shelf, desk] = [new Shelf(), new Desk()];
    shelf.answer = () => {
      throw new Error('no such shelf');
    };
    const warmUp = warmUpOf(shelf, desk);
    expect(() => warmUp.warm('ann')).not.toThrow();
    await warmUp.settled();
    expect(desk.asked).toBe(1);
    expect(warned).toHaveBeenCalledWith(
      expect.objectContaining({ warmer: 'Shelf.books' }),
      expect.anything(),
    );
  });

  it('is read for two people at once, for the next when one is done, and not at all beyond 200', async () => {
    const shelf = new Shelf();
    const done: (() => void)[] = [];
    shelf.answer = () => new Promise<void>((resolve) => done.push(resolve));
    const warmUp = warmUpOf(shelf);
    for (let user = 0; user < 300; user++) warmUp.warm(`user ${user}`);
    warmUp.warm('user 5');
    expect(shelf.asked).toEqual(['user 0', 'user 1']);
    done.shift()!();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(shelf.asked).toEqual(['user 0', 'user 1', 'user 2']);
    shelf.answer = () => Promise.resolve();
    for (const end of done) end();
    await warmUp.settled();
    expect(shelf.asked).toHaveLength(202);
  });

  it('does not hold up others for more than five seconds', async () => {
    jest.useFakeTimers();
    const shelf = new Shelf();
    shelf.answer = (userId) => (userId === 'cy' ? Promise.resolve() : new Promise(() => undefined));
    const warmUp = warmUpOf(shelf);
    for (const user of ['ann', 'bob', 'cy']) warmUp.warm(user);
    expect(shelf.asked).toEqual(['ann', 'bob']);
    await jest.advanceTimersByTimeAsync(5_000);
    await warmUp.settled();
    expect(shelf.asked).toEqual(['ann', 'bob', 'cy']);
  });

  it('is left out once the process is stopping', async () => {
    const shelf = new Shelf();
    const done: (() => void)[] = [];
    shelf.answer = () => new Promise<void>((resolve) => done.push(resolve));
    const warmUp = warmUpOf(shelf);
    for (const user of ['ann', 'bob', 'cy']) warmUp.warm(user);
    const stopped = warmUp.onApplicationShutdown();
    for (const end of done) end();
    await stopped;
    expect(shelf.asked).toEqual(['ann', 'bob']);
  });
});
