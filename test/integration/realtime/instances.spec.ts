import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { io, type Socket as ClientSocket } from 'socket.io-client';
import { AdapterLink } from '../../../src/realtime/adapter/adapter-link.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const PREFIX = 'test:socket.io';

/** One instance of the service, as far as Socket.IO is concerned. */
class Instance {
  private constructor(
    readonly io: Server,
    readonly url: string,
    private readonly connections: RedisConnections,
    private readonly link: AdapterLink,
  ) {}

  static async start(redisUrl: string): Promise<Instance> {
    const connections = new RedisConnections({ url: redisUrl, maxBackoffMs: 50 });
    await connections.start();
    const link = new AdapterLink(connections.commands!, connections.duplicate('socket.io')!);
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const server = new Server(http, {
      adapter: createShardedAdapter(link, link, { channelPrefix: PREFIX, subscriptionMode: 'static' }),
    });
    server.on('connection', (socket) => void socket.join('hall'));
    return new Instance(
      server,
      `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      connections,
      link,
    );
  }

  async client(): Promise<ClientSocket> {
    const socket = io(this.url, { transports: ['websocket'], forceNew: true, reconnection: false });
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  }

  async stop(): Promise<void> {
    await this.io.close();
    this.link.close();
    this.connections.close();
  }
}

const hears = (socket: ClientSocket, event: string): Promise<unknown> =>
  new Promise((resolve) => socket.once(event, resolve));

let redis: RedisServer;
let here: Instance;
let there: Instance;

/** Both hear each other; what is said before that reaches one instance only. */
const joined = (): Promise<true> =>
  eventually('the instances to find each other', async () => {
    const counts = await Promise.all([here, there].map(({ io }) => io.of('/').adapter.serverCount()));
    return counts.every((count) => count === 2) || undefined;
  });

describe.each([
  ['sharded pub/sub', []],
  // What an older server answers.
  ['classic pub/sub', ['--rename-command', 'SSUBSCRIBE', '']],
])('two instances of Socket.IO on a Redis with %s', (_name, args) => {
  const lines: string[] = [];
  let clients: ClientSocket[];

  beforeAll(async () => {
    const note = (line: unknown): void => void lines.push(typeof line === 'string' ? line : '');
    Logger.overrideLogger({ log: note, warn: note, error: note, debug: () => undefined });
    redis = await startRedis({ args });
    [here, there] = await Promise.all([Instance.start(redis.url), Instance.start(redis.url)]);
    await joined();
  });

  beforeEach(async () => {
    clients = await Promise.all([here.client(), there.client()]);
  });
  afterEach(() => clients.forEach((client) => client.disconnect()));

  afterAll(async () => {
    await Promise.all([here?.stop(), there?.stop()]);
    await redis?.stop();
  });

  it('say which kind it is', () => {
    const kind = args.length > 0 ? 'classic' : 'sharded';
    expect(lines.filter((line) => line === `Socket.IO adapter on (${kind})`)).toHaveLength(2);
  });

  it('tell each other’s sockets, in order, binary data too', async () => {
    const heard = Promise.all(clients.map((client) => hears(client, 'last')));
    const numbers: number[] = [];
    clients[1]!.on('number', (number: number) => numbers.push(number));
    for (let number = 0; number < 50; number++) here.io.to('hall').emit('number', number);
    here.io.to('hall').emit('last', Buffer.from([1, 2, 3]));
    expect(await heard).toEqual([Buffer.from([1, 2, 3]), Buffer.from([1, 2, 3])]);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('get the acks of all sockets', async () => {
    for (const [index, client] of clients.entries())
      client.on('ask', (answer: (n: number) => void) => answer(index));
    const answers = (await here.io.to('hall').timeout(15_000).emitWithAck('ask')) as number[];
    expect(answers.sort()).toEqual([0, 1]);
  });

  it('find, move and disconnect each other’s sockets', async () => {
    const [near, far] = clients as [ClientSocket, ClientSocket];
    const ids = (await here.io.in('hall').fetchSockets()).map(({ id }) => id);
    expect(ids.sort()).toEqual([near.id, far.id].sort());

    const farAlone = here.io.in(far.id!);
    farAlone.socketsJoin('tower');
    farAlone.socketsLeave('hall');
    expect(await eventually('the socket to have moved', async () => roomsOf(far))).toContain('tower');
    expect((await here.io.in('hall').fetchSockets()).map(({ id }) => id)).toEqual([near.id]);

    const gone = hears(far, 'disconnect');
    farAlone.disconnectSockets();
    expect(await gone).toBe('io server disconnect');
  });

  it('are one in every namespace, those that are opened later too', async () => {
    const spaces = [here, there].map(({ io }) => io.of('/later'));
    await eventually('the namespace to be heard', async () => {
      const counts = await Promise.all(spaces.map(({ adapter }) => adapter.serverCount()));
      return counts.every((count) => count === 2) || undefined;
    });
    const socket = io(`${there.url}/later`, { transports: ['websocket'], forceNew: true });
    clients.push(socket);
    await hears(socket, 'connect');
    const heard = hears(socket, 'news');
    spaces[0]!.emit('news', 'yes');
    expect(await heard).toBe('yes');
  });

  it('go on when what comes through Redis is nonsense', async () => {
    const intruder = new Redis(redis.url);
    const messages = [
      'nonsense',
      '{',
      '{}',
      '{"uid":"x","nsp":"/","type":3}',
      '{"uid":"x","nsp":"/","type":3,"data":{"opts":{"rooms":5},"packet":7}}',
      '{"uid":"x","nsp":"/","type":8}',
      '{"uid":"x","nsp":"/","type":7,"data":{}}',
      Buffer.from([0xc1, 0xff, 0x00]),
    ];
    for (const message of messages) {
      await intruder.publish(`${PREFIX}#/#`, message);
      await intruder.spublish(`${PREFIX}#/#`, message);
    }
    intruder.disconnect();
    const heard = Promise.all(clients.map((client) => hears(client, 'still here')));
    here.io.to('hall').emit('still here', 1);
    expect(await heard).toEqual([1, 1]);
  });

  it('serve their own sockets while Redis is away, and each other’s when it is back', async () => {
    const [near, far] = clients as [ClientSocket, ClientSocket];
    await redis.kill();
    const alone = hears(near, 'alone');
    here.io.to('hall').emit('alone', 'yes');
    expect(await alone).toBe('yes');
    await eventually('the loss to be noticed', async () => lines.includes(OFF) || undefined);
    expect((await here.io.in('hall').fetchSockets()).map(({ id }) => id)).toEqual([near.id]);
    here.io.in('hall').socketsLeave('nowhere');

    await redis.restart();
    await joined();
    const again = Promise.all([near, far].map((client) => hears(client, 'again')));
    here.io.to('hall').emit('again', 'yes');
    expect(await again).toEqual(['yes', 'yes']);
  });
});

const OFF = 'Socket.IO adapter off: Redis is away';

async function roomsOf(client: ClientSocket): Promise<string[] | undefined> {
  const rooms = [...(there.io.of('/').sockets.get(client.id!)?.rooms ?? [])];
  return rooms.includes('tower') && !rooms.includes('hall') ? rooms : undefined;
}
