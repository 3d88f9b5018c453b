import { Logger } from '@nestjs/common';
import { ConnectedSockets, type ConnectedSocket } from './connected-sockets.js';
import { SlowReaders } from './slow-readers.js';

beforeAll(() => Logger.overrideLogger(false));

describe('what waits for a client to read it', () => {
  let readers: SlowReaders;
  let sockets: ConnectedSockets;
  let dropped: string[];

  const connect = (id: string, writeBuffer: { data?: string | Buffer }[], transport: object = {}): void => {
    const conn = { writeBuffer, transport, close: () => dropped.push(`${id} closed`) };
    sockets.set(id, { session: { socket: { id, conn } } } as unknown as ConnectedSocket);
  };
  const packets = (count: number, bytes: number): { data: string }[] =>
    Array.from({ length: count }, () => ({ data: 'x'.repeat(bytes) }));

  beforeEach(() => {
    jest.useFakeTimers();
    dropped = [];
    sockets = new ConnectedSockets();
    readers = new SlowReaders(sockets);
    readers.onApplicationBootstrap();
  });
  afterEach(() => {
    readers.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('is let grow to 10,000 packets and 8 MiB', () => {
    connect('idle', []);
    connect('many', packets(10_000, 10));
    connect('large', packets(8, 1_000_000));
    connect('on its way', [], { socket: { bufferedAmount: 8_000_000 } });
    connect('without data', [{}]);
    jest.advanceTimersByTime(1_000);
    expect(dropped).toEqual([]);
  });

  it('ends the connection beyond that, in the queue or on its way', () => {
    const terminate = (): void => void dropped.push('on its way terminated');
    connect('many', packets(10_001, 10));
    connect('large', packets(9, 1_000_000));
    connect('on its way', packets(1, 1_000_000), { socket: { bufferedAmount: 8_000_000, terminate } });
    jest.advanceTimersByTime(250);
    expect(dropped).toEqual(['many closed', 'large closed', 'on its way terminated']);
  });
});
