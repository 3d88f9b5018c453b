import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { ChaosLane, cut } from './chaos-lane.js';
import { ChaosProxy, type ChaosProxyOptions } from './chaos-proxy.js';

/** What one side of a connection has received, in full. */
class Received {
  text = '';
  private waiters: (() => void)[] = [];

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString();
      for (const check of this.waiters) check();
    });
  }

  async length(expected: number): Promise<string> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.text.length >= expected) resolve();
      };
      this.waiters.push(check);
      check();
    });
    return this.text;
  }
}

/** Unlike `once` of node:events, not ended by an error in between. */
const event = (socket: Socket, name: string): Promise<void> =>
  new Promise((resolve) => socket.once(name, () => resolve()));

describe('ChaosProxy', () => {
  /** Both ends of every connection: after an EOF a socket that is not read learns of no reset. */
  const ends: Socket[] = [];
  let server: Server;
  let sides: AsyncIterator<[Socket]>;
  let proxy: ChaosProxy;

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets: [Socket][] = [];
    const waiting: ((socket: [Socket]) => void)[] = [];
    server.on('connection', (socket) => {
      ends.push(socket);
      const waiter = waiting.shift();
      if (waiter) waiter([socket]);
      else sockets.push([socket]);
    });
    sides = {
      next: async () => ({
        value: sockets.shift() ?? (await new Promise<[Socket]>((resolve) => waiting.push(resolve))),
      }),
    };
  });

  afterEach(async () => {
    await proxy.close();
    for (const socket of ends.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  const start = async (options?: ChaosProxyOptions): Promise<void> => {
    proxy = await ChaosProxy.start({ port: (server.address() as AddressInfo).port }, options);
  };

  /** A new connection through the proxy: the client's end and the server's. */
  const pair = async (): Promise<{ client: Received; remote: Received }> => {
    const socket = connect({ port: proxy.port, host: proxy.host, allowHalfOpen: true });
    ends.push(socket);
    const client = new Received(socket);
    const { value } = (await sides.next()) as { value: [Socket] };
    return { client, remote: new Received(value[0]) };
  };

  /** Another connection has exchanged a byte meanwhile: time for what should not happen to happen. */
  const roundTrip = async (): Promise<void> => {
    const { client, remote } = await pair();
    client.socket.write('?');
    await remote.length(1);
    remote.socket.write('!');
    await client.length(1);
    client.socket.destroy();
  };

  it('passes bytes in both directions, and each end on its own', async () => {
    await start();
    const { client, remote } = await pair();
    client.socket.end('question');
    await once(remote.socket, 'end');
    expect(remote.text).toBe('question');
    remote.socket.end('answer');
    await once(client.socket, 'end');
    expect(client.text).toBe('answer');
  });

  it('delays each direction by the time asked for, and keeps the order under jitter', async () => {
    const dice = [0.9, 0.1, 0.5, 0];
    await start({ random: () => dice.shift() ?? 0 });
    const { client, remote } = await pair();
    proxy.delay(40, 40, { direction: 'toServer' });
    const startedAt = performance.now();
    for (const piece of ['a', 'b', 'c', 'd']) {
      client.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await remote.length(4)).toBe('abcd');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(40 + 0.9 * 40 - 2);
  });

  it('stalls a share of the pieces, and what follows waits for them', async () => {
    const dice = [0.1, 0.9];
    await start({ random: () => dice.shift()! });
    const { client, remote } = await pair();
    proxy.stall(0.5, 60, { direction: 'toServer' });
    const startedAt = performance.now();
    client.socket.write('late');
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.write(' behind it');
    expect(await remote.length(14)).toBe('late behind it');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(58);
  });

  it('a blackhole in one direction lets the other through; afterwards everything arrives, in order', async () => {
    await start();
    const { client, remote } = await pair();
    const undo = proxy.blackhole({ direction: 'toClient', only: ({ id }) => id === 1 });
    client.socket.write('question');
    expect(await remote.length(8)).toBe('question');
    remote.socket.write('one ');
    remote.socket.write('two');
    await roundTrip();
    expect(client.text).toBe('');
    undo();
    expect(await client.length(7)).toBe('one two');
  });

  it('in a blackhole nobody learns that the other side has closed', async () => {
    await start();
    const { client, remote } = await pair();
    let closed = false;
    client.socket.on('end', () => (closed = true));
    proxy.blackhole({ only: ({ id }) => id === 1 });
    remote.socket.destroy();
    await roundTrip();
    expect(closed).toBe(false);
    await Promise.all([once(client.socket, 'end'), proxy.heal()]);
    client.socket.end();
  });

  it('what was sent into a blackhole arrives although its sender has closed since', async () => {
    await start();
    const { client, remote } = await pair();
    proxy.blackhole({ only: ({ id }) => id === 1 });
    client.socket.end('late');
    await roundTrip();
    expect(remote.text).toBe('');
    await proxy.heal();
    expect(await remote.length(4)).toBe('late');
  });

  it('accepts new connections in a blackhole', async () => {
    await start();
    proxy.blackhole();
    const { client, remote } = await pair();
    client.socket.write('later');
    await proxy.heal();
    expect(await remote.length(5)).toBe('later');
  });

  it('resets both sides of the connections it is asked to, and no others', async () => {
    await start();
    const [doomed, kept] = [await pair(), await pair()];
    const closed = [doomed.client, doomed.remote].map(({ socket }) => event(socket, 'close'));
    const codes: (string | undefined)[] = [];
    for (const { socket } of [doomed.client, doomed.remote]) {
      socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
    }
    expect(proxy.reset(({ id }) => id === 1)).toBe(1);
    await Promise.all(closed);
    expect(codes).toEqual(['ECONNRESET', 'ECONNRESET']);
    kept.client.socket.write('on');
    expect(await kept.remote.length(2)).toBe('on');
    expect(proxy.connections.map(({ id }) => id)).toEqual([2]);
  });

  it('refuses new connections while open ones go on, and listens on the same port again', async () => {
    await start();
    const { client, remote } = await pair();
    const { port } = proxy;
    proxy.refuse();
    const [error] = (await once(connect(port, proxy.host), 'error').catch((reason: unknown) => [reason])) as [
      NodeJS.ErrnoException,
    ];
    expect(error.code).toBe('ECONNREFUSED');
    client.socket.write('on');
    expect(await remote.length(2)).toBe('on');
    await proxy.heal();
    expect(proxy.port).toBe(port);
    await roundTrip();
  });

  it('knows a subscriber by its SUBSCRIBE, also one that arrives in two pieces', async () => {
    await start();
    const { client, remote } = await pair();
    proxy.blackhole({ only: (connection) => connection.subscribes });
    client.socket.write('*1\r\n$4\r\nPING\r\n*2\r\n$9\r\nsub');
    expect((await remote.length(25)).slice(-3)).toBe('sub');
    expect(proxy.connections.map(({ subscribes }) => subscribes)).toEqual([false]);
    client.socket.write('scribe\r\n$1\r\nc\r\n');
    await roundTrip();
    expect(proxy.connections[0]).toMatchObject({ id: 1, subscribes: true });
    expect(remote.text).toHaveLength(25);
  });

  it('resets a client when the server is not there', async () => {
    await start();
    const idle = createServer().listen(0, '127.0.0.1');
    await once(idle, 'listening');
    const { port } = idle.address() as AddressInfo;
    idle.close();
    await once(idle, 'close');
    const lonely = await ChaosProxy.start({ port });
    const [error] = (await once(connect(lonely.port, lonely.host), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await lonely.close();
  });

  it('cuts a connection whose end is under way, and keeps no handle of it', async () => {
    await start();
    const { client } = await pair();
    const errors: unknown[] = [];
    client.socket.on('error', (error) => errors.push(error));
    client.socket.end();
    cut(client.socket);
    await Promise.race([event(client.socket, 'close'), event(client.socket, 'error')]);
    expect(errors).toEqual([]);
  });

  it('reads no more from a sender than may be under way', () => {
    const [from, to] = [new PassThrough(), new PassThrough()] as unknown as [Socket, Socket];
    let dark = true;
    const lane = new ChaosLane(from, to, { dark: () => dark, lateMs: () => 0 }, 10);
    from.emit('data', Buffer.alloc(9));
    expect(from.isPaused()).toBe(false);
    from.emit('data', Buffer.alloc(1));
    expect(from.isPaused()).toBe(true);
    dark = false;
    lane.pump();
    expect(from.isPaused()).toBe(false);
    expect(to.read()).toHaveLength(10);
    proxy = { close: async () => undefined } as ChaosProxy;
  });
});
