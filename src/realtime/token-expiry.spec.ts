import type { Socket } from 'socket.io';
import { TokenExpiry } from './token-expiry.js';

describe('the end of a token', () => {
  let heard: unknown[][];
  let connected: boolean;
  let expiry: TokenExpiry;
  const inMs = (ms: number): Date => new Date(Date.now() + ms);

  beforeEach(() => {
    jest.useFakeTimers();
    heard = [];
    connected = true;
    const socket = {
      emit: (...event: unknown[]) => heard.push(event),
      disconnect: () => (connected = false),
    };
    expiry = new TokenExpiry(socket as unknown as Socket);
  });
  afterEach(() => {
    expiry.stop();
    jest.useRealTimers();
  });

  it('is told a minute before, and ends the connection', () => {
    const end = inMs(90_000);
    expiry.arm(end);
    jest.advanceTimersByTime(29_000);
    expect(heard).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(heard).toEqual([['auth:expiring', { expiresAt: end.toISOString() }]]);
    jest.advanceTimersByTime(59_000);
    expect(connected).toBe(true);
    jest.advanceTimersByTime(1_000);
    expect(connected).toBe(false);
  });

  it('is told at once where less than a minute is left, but after what comes first', () => {
    expiry.arm(inMs(5_000));
    expect(heard).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(heard).toHaveLength(1);
  });

  it('moves with the next token', () => {
    expiry.arm(inMs(90_000));
    jest.advanceTimersByTime(80_000);
    expiry.arm(inMs(900_000));
    jest.advanceTimersByTime(800_000);
    expect([heard.length, connected]).toEqual([1, true]);
    jest.advanceTimersByTime(100_000);
    expect([heard.length, connected]).toEqual([2, false]);
  });

  it('is not waited for by a socket that has gone', () => {
    expiry.arm(inMs(90_000));
    expiry.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('may be farther away than a timer can wait', () => {
    expiry.arm(inMs(2 ** 31 * 2));
    jest.advanceTimersByTime(2 ** 31);
    expect([heard.length, connected]).toEqual([0, true]);
    jest.advanceTimersByTime(2 ** 31);
    expect(connected).toBe(false);
  });
});
