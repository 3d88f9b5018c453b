import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { SocketServer } from '../../../src/realtime/socket-server.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { eventually } from '../../support/eventually.js';
import { RawWebSocket } from '../../support/raw-websocket.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { forgeToken } from '../../support/tokens.js';

const PING_INTERVAL_MS = 300;
const PING_TIMEOUT_MS = 200;
const MAX_PAYLOAD = 65_536;
/** What a busy machine may need beyond a time that is measured. */
const SLACK_MS = 1_500;

let running: RunningApp;
let app: NestFastifyApplication;
let url: string;
let opened: RawWebSocket[] = [];

/** The programme of a namespace that only shows what came. */
function show(socket: Socket): void {
  socket.emit('auth', socket.handshake.auth);
  socket.on('message', (...args: unknown[]) => socket.emit('message-back', ...args));
  socket.on('ask', (...args: unknown[]) => (args.pop() as (...answer: unknown[]) => void)(...args));
}

beforeAll(async () => {
  running = await startApp(
    {
      SOCKET_PING_INTERVAL: `${PING_INTERVAL_MS}ms`,
      SOCKET_PING_TIMEOUT: `${PING_TIMEOUT_MS}ms`,
      SOCKET_CONNECT_TIMEOUT: '400ms',
      SOCKET_MAX_PAYLOAD: String(MAX_PAYLOAD),
      SOCKET_HELLO: 'false',
    },
    (started) => void started.get(SocketServer).namespace('/show').on('connection', show),
  );
  ({ app } = running);
  url = `${running.url}/socket.io/`;
});

afterEach(() => {
  for (const socket of opened) socket.destroy();
  opened = [];
});

afterAll(async () => {
  await running?.close();
});

/** A websocket connection, before anything was read from it. */
async function websocket(query = 'EIO=4&transport=websocket'): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(`${url}?${query}`);
  opened.push(socket);
  return socket;
}

/** The next message that is not a heartbeat; heartbeats are answered. */
async function nextOf(socket: RawWebSocket): Promise<string | Buffer> {
  for (;;) {
    const message = await socket.next();
    if (message !== '2') return message;
    socket.send('3');
  }
}

/** A websocket that is in the showing namespace. */
async function inNamespace(): Promise<RawWebSocket> {
  const socket = await websocket();
  socket.send('40/show,');
  const [open, connect, auth] = [await nextOf(socket), await nextOf(socket), await nextOf(socket)];
  expect(String(open)).toMatch(/^0\{/);
  expect(String(connect)).toMatch(/^40\/show,\{"sid":"[^"]+"/);
  expect(auth).toBe('42/show,["auth",{}]');
  return socket;
}

const json = (message: string | Buffer, prefix: string): unknown => {
  expect(String(message).slice(0, prefix.length)).toBe(prefix);
  return JSON.parse(String(message).slice(prefix.length)) as unknown;
};

/** A long-polling connection. */
async function polling(): Promise<{
  get(): Promise<string[]>;
  post(body: string): Promise<number>;
  sid: string;
}> {
  const base = `${url}?EIO=4&transport=polling`;
  const { sid } = json(await (await fetch(base)).text(), '0') as { sid: string };
  return {
    sid,
    get: async () => (await (await fetch(`${base}&sid=${sid}`)).text()).split('\x1e'),
    post: async (body) => (await fetch(`${base}&sid=${sid}`, { method: 'POST', body })).status,
  };
}

describe('a handshake', () => {
  const promised = {
    sid: expect.any(String) as string,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    maxPayload: MAX_PAYLOAD,
  };

  it('tells the settings, over long polling', async () => {
    const answer = await fetch(`${url}?EIO=4&transport=polling`);
    expect(answer.status).toBe(200);
    expect(json(await answer.text(), '0')).toEqual({ ...promised, upgrades: ['websocket'] });
  });

  it('tells the settings, over a websocket', async () => {
    expect(json(await (await websocket()).next(), '0')).toEqual({ ...promised, upgrades: [] });
  });

  it.each([
    '',
    'EIO=4',
    'transport=polling',
    'EIO=4&transport=pigeon',
    'EIO=2&transport=polling',
    'EIO=4&transport=polling&sid=nobody',
  ])('with "%s" is refused over HTTP', async (query) => {
    expect((await fetch(`${url}?${query}`)).status).toBe(400);
  });

  it('by POST is refused', async () => {
    expect((await fetch(`${url}?EIO=4&transport=polling`, { method: 'POST' })).status).toBe(400);
  });

  it.each([
    'EIO=4',
    'EIO=4&transport=pigeon',
    'EIO=2&transport=websocket',
    'EIO=4&transport=websocket&sid=nobody',
  ])('with "%s" is refused over a websocket', async (query) => {
    // Some are noticed only after the protocol was switched.
    await expect(websocket(query).then((socket) => socket.next())).rejects.toThrow(/400|ended/);
  });
});

describe('the heartbeat', () => {
  it('comes in time, and whoever answers stays', () =>
    undisturbed(100, async () => {
      const socket = await inNamespace();
      const began = performance.now();
      for (let beat = 0; beat < 2; beat++) {
        expect(await socket.next()).toBe('2');
        socket.send('3');
      }
      const took = performance.now() - began;
      expect(took).toBeGreaterThan(PING_INTERVAL_MS);
      expect(took).toBeLessThan(2 * PING_INTERVAL_MS + SLACK_MS);
    }));

  it('ends a websocket that does not answer', () =>
    undisturbed(100, async () => {
      const socket = await inNamespace();
      const began = performance.now();
      await socket.closed;
      expect(performance.now() - began).toBeLessThan(PING_INTERVAL_MS + PING_TIMEOUT_MS + SLACK_MS);
    }));

  it('ends a polling client that does not answer', () =>
    undisturbed(100, async () => {
      const client = await polling();
      expect(await client.get()).toEqual(['2']);
      const next = await fetch(`${url}?EIO=4&transport=polling&sid=${client.sid}`);
      expect([next.status, await next.text()]).toEqual([200, '1']);
    }));
});

describe('a namespace', () => {
  it('is entered with what the client says of itself, and left again', async () => {
    const socket = await websocket();
    socket.send('40/show,{"name":"Ada"}');
    await nextOf(socket);
    await nextOf(socket);
    expect(await nextOf(socket)).toBe('42/show,["auth",{"name":"Ada"}]');
    socket.send('41/show,');
    // To what is not entered nothing can be said.
    socket.send('42/show,["message",1]');
    await socket.closed;
  });

  it('of the service itself may be left and entered again, as may others with the headers of the connection', async () => {
    const socket = await websocket();
    await nextOf(socket);
    const token = await forgeToken({ subject: randomUUID(), expiresIn: 60 });
    const enter = async (packet: string): Promise<string> => {
      socket.send(packet);
      for (;;) {
        const answer = String(await nextOf(socket));
        // The user's own news go on meanwhile.
        if (!answer.startsWith('42')) return answer;
      }
    };
    expect(await enter(`40${JSON.stringify({ token })}`)).toMatch(/^40\{"sid"/);
    socket.send('41');
    const { sid } = json(await enter('40/show,'), '40/show,') as { sid: string };
    const shown = app.get(SocketServer).namespace('/show').sockets.get(sid);
    expect(shown?.handshake.headers).toMatchObject({ host: new URL(url).host });
    expect(await enter(`40${JSON.stringify({ token })}`)).toMatch(/^40\{"sid"/);
  });

  it('that does not exist cannot be entered', async () => {
    const socket = await websocket();
    socket.send('40/nowhere');
    await nextOf(socket);
    expect(await nextOf(socket)).toBe('44/nowhere,{"message":"Invalid namespace"}');
  });

  it('of the service itself asks for a token, and the connection lives on', async () => {
    const socket = await websocket();
    await nextOf(socket);
    socket.send('40');
    expect(json(await nextOf(socket), '44')).toMatchObject({
      data: { code: 'unauthenticated', status: 401 },
    });
    const token = await forgeToken({ subject: randomUUID() });
    socket.send(`40${JSON.stringify({ token, protocol: 1 })}`);
    expect(json(await nextOf(socket), '40')).toMatchObject({ sid: expect.any(String) as string });
    socket.send('421["presence:ping",{}]');
    const heard: string[] = [];
    do heard.push(String(await nextOf(socket)));
    while (!heard.at(-1)?.startsWith('431'));
    expect(json(heard.at(-1) as string, '431')).toMatchObject([{ ok: true }]);
    expect(heard.filter((message) => message.includes('server:hello'))).toEqual([]);
  });

  it('is not entered twice', async () => {
    const socket = await inNamespace();
    socket.send('40/show,');
    await socket.closed;
  });
});

describe('events', () => {
  it('carry any JSON both ways', async () => {
    const socket = await inNamespace();
    socket.send('42/show,["message",1,"2",{"3":[true,null]}]');
    expect(await nextOf(socket)).toBe('42/show,["message-back",1,"2",{"3":[true,null]}]');
  });

  it('carry binary data both ways', async () => {
    const socket = await inNamespace();
    socket.send('452-/show,["message",{"_placeholder":true,"num":0},{"in":{"_placeholder":true,"num":1}}]');
    socket.send(Buffer.from([1, 2, 3]));
    socket.send(Buffer.from([4]));
    expect(await nextOf(socket)).toBe(
      '452-/show,["message-back",{"_placeholder":true,"num":0},{"in":{"_placeholder":true,"num":1}}]',
    );
    expect([await nextOf(socket), await nextOf(socket)]).toEqual([Buffer.from([1, 2, 3]), Buffer.from([4])]);
  });

  it('are acknowledged under their number, with binary data too', async () => {
    const socket = await inNamespace();
    socket.send('42/show,456["ask",1,"2"]');
    expect(await nextOf(socket)).toBe('43/show,456[1,"2"]');
    socket.send('451-/show,457["ask",{"_placeholder":true,"num":0}]');
    socket.send(Buffer.from([9]));
    expect(await nextOf(socket)).toBe('461-/show,457[{"_placeholder":true,"num":0}]');
    expect(await nextOf(socket)).toEqual(Buffer.from([9]));
  });

  it('are the same over long polling', async () => {
    const client = await polling();
    expect(await client.post('40/show,')).toBe(200);
    const heard = await client.get();
    if (heard.length < 2) heard.push(...(await client.get()));
    expect(heard[0]).toMatch(/^40\/show,/);
    expect(heard[1]).toBe('42/show,["auth",{}]');
    await client.post(['42/show,["message","a"]', '42/show,1["ask","b"]'].join('\x1e'));
    const answers = await client.get();
    if (answers.length < 2) answers.push(...(await client.get()));
    expect(answers.filter((message) => message !== '2')).toEqual([
      '42/show,["message-back","a"]',
      '43/show,1["b"]',
    ]);
  });
});

describe('a connection', () => {
  it.each(['nonsense', '4nonsense', '4', '42/show,{}', '42/show,["disconnect"]', '451-/show,["x"]', '7', ''])(
    'ends with the invalid packet "%s"',
    async (packet) => {
      const socket = await inNamespace();
      socket.send(packet);
      if (packet.startsWith('45')) socket.send('42/show,["instead of the data"]');
      await socket.closed;
    },
  );

  it('ends with a packet beyond the limit, and not with one within it', async () => {
    const socket = await inNamespace();
    const within = 'x'.repeat(MAX_PAYLOAD - 100);
    socket.send(`42/show,["message","${within}"]`);
    expect(await nextOf(socket)).toBe(`42/show,["message-back","${within}"]`);
    socket.send(`42/show,["message","${'x'.repeat(MAX_PAYLOAD)}"]`);
    await socket.closed;
    const client = await polling();
    expect(await client.post('x'.repeat(MAX_PAYLOAD + 1))).toBe(413);
  });

  it('that enters no namespace is ended after the connect timeout', () =>
    undisturbed(100, async () => {
      const socket = await websocket();
      const began = performance.now();
      const beats = (async () => {
        for (;;) await nextOf(socket);
      })().catch(() => undefined);
      await Promise.all([socket.closed, beats]);
      expect(performance.now() - began).toBeLessThan(400 + SLACK_MS);
    }));

  it('goes over from polling to a websocket', async () => {
    const client = await polling();
    await client.post('40/show,');
    await client.get();
    const socket = await websocket(`EIO=4&transport=websocket&sid=${client.sid}`);
    socket.send('2probe');
    expect(await socket.next()).toBe('3probe');
    socket.send('5');
    socket.send('42/show,1["ask","over"]');
    const heard: string[] = [];
    do heard.push(String(await nextOf(socket)));
    while (!heard.at(-1)?.startsWith('43'));
    expect(heard.at(-1)).toBe('43/show,1["over"]');
  });

  it('of the official client goes over by itself', async () => {
    const client = io(url.replace('/socket.io/', '/show'), { forceNew: true, reconnection: false });
    await eventually(
      'the upgrade',
      async () => client.io.engine?.transport.name === 'websocket' || undefined,
    );
    expect(await client.timeout(15_000).emitWithAck('ask', Buffer.from([1]))).toEqual(Buffer.from([1]));
    client.disconnect();
  });
});
