import { ConnectedSockets, type ConnectedSocket } from './connected-sockets.js';
import { TokenExpiry } from './token-expiry.js';

describe('the end of a token', () => {
  let sockets: ConnectedSockets;
  let expiry: TokenExpiry;
  let heard: unknown[][];
  const inMs = (ms: number): number => Date.now() + ms;

  const connect = (id: string, expiresAt: number): void => {
    const socket = {
      emit: (...event: unknown[]) => heard.push([id, ...event]),
      disconnect: () => sockets.delete(id),
    };
    const connected = { session: { socket }, expiresAt, isWarned: false };
    sockets.set(id, connected as unknown as ConnectedSocket);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    heard = [];
    sockets = new ConnectedSockets();
    expiry = new TokenExpiry(sockets);
    expiry.onApplicationBootstrap();
  });
  afterEach(() => {
    expiry.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('is told a minute before, once, and ends the connection', () => {
    const end = inMs(90_000);
    connect('socket-1', end);
    jest.advanceTimersByTime(29_000);
    expect(heard).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(heard).toEqual([['socket-1', 'auth:expiring', { expiresAt: new Date(end).toISOString() }]]);
    jest.advanceTimersByTime(59_000);
    expect([heard.length, sockets.size]).toEqual([1, 1]);
    jest.advanceTimersByTime(1_000);
    expect([heard.length, sockets.size]).toEqual([1, 0]);
  });

  it('is told within a second where less than a minute is left, but after what comes first', () => {
    connect('socket-1', inMs(5_000));
    expect(heard).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(heard).toHaveLength(1);
  });

  it('is told even where nothing is left', () => {
    connect('socket-1', inMs(0));
    jest.advanceTimersByTime(1_000);
    expect([heard.length, sockets.size]).toEqual([1, 0]);
  });

  it('is each socket’s own', () => {
    connect('socket-1', inMs(2_000));
    connect('socket-2', inMs(3_000));
    connect('socket-3', inMs(2_000));
    jest.advanceTimersByTime(2_000);
    expect([...sockets.keys()]).toEqual(['socket-2']);
  });

  it('moves with the next token', () => {
    connect('socket-1', inMs(90_000));
    jest.advanceTimersByTime(80_000);
    expiry.extend('socket-1', inMs(900_000));
    jest.advanceTimersByTime(800_000);
    expect([heard.length, sockets.size]).toEqual([1, 1]);
    jest.advanceTimersByTime(100_000);
    expect([heard.length, sockets.size]).toEqual([2, 0]);
  });

  it('may be farther away than a timer can wait', () => {
    connect('socket-1', inMs(2 ** 31 + 500_000));
    jest.setSystemTime(Date.now() + 2 ** 31);
    jest.advanceTimersByTime(430_000);
    expect([heard.length, sockets.size]).toEqual([0, 1]);
    jest.advanceTimersByTime(70_000);
    expect([heard.length, sockets.size]).toEqual([1, 0]);
  });

  it('is not looked for when the service has stopped', () => {
    expiry.onApplicationShutdown();
    expect(jest.getTimerCount()).toBe(0);
  });
});
