import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ConnectorSettings } from '../../../src/connectors/connectors.settings.js';
import { OutboundClient } from '../../../src/connectors/outbound/outbound-client.js';
import { isUnsent } from '../../../src/connectors/outbound/outbound.errors.js';
import type { OutboundRequest } from '../../../src/connectors/outbound/outbound.js';
import type { Lookup } from '../../../src/connectors/outbound/public-connections.js';
import { AppError } from '../../../src/platform/errors/app-error.js';
import { eventually } from '../../support/eventually.js';

const SECRET = 'token-that-must-not-show';
const JSON_HEADERS = { 'content-type': 'application/json' };

let server: Server;
let origin: string;
let host: string;
let answer: RequestListener;
let seen: IncomingMessage[];
const sockets = new Set<Socket>();
const clients: OutboundClient[] = [];

function clientOf(trustedHosts: string[] = [host], lookup?: Lookup): OutboundClient {
  const client = new OutboundClient(Object.assign(new ConnectorSettings(), { trustedHosts }), lookup);
  clients.push(client);
  return client;
}

/** Names that resolve as a test says. */
const resolving = (...addresses: string[]): { lookup: Lookup; asked: string[] } => {
  const asked: string[] = [];
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return {
    asked,
    lookup: (name, { all }, callback) => {
      asked.push(name);
      if (all) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    },
  };
};

/** What a request fails with; it must say nothing of what was sent. */
async function failure(
  client: OutboundClient,
  url: string,
  request: OutboundRequest = {},
): Promise<AppError> {
  const address = new URL(url);
  address.searchParams.set('access_token', SECRET);
  const headers = { authorization: `Bearer ${SECRET}`, ...request.headers };
  const error: unknown = await client
    .json(address.href, { of: 'Chirp', ...request, headers: request.headers ?? headers })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(AppError);
  const { message, stack, cause } = error as AppError;
  expect(JSON.stringify([message, stack, cause])).not.toContain(SECRET);
  expect(message).toMatch(/^Chirp /);
  return error as AppError;
}

const send = (response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void =>
  void response.writeHead(status, headers).end(body);

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `http://${host}`;
});

beforeEach(() => {
  seen = [];
  answer = (_request, response) => send(response, 200, JSON_HEADERS, '{"ok":true}');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.onApplicationShutdown()));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('what it asks', () => {
  it('reads JSON, and says who asks', async () => {
    const { status, body, headers } = await clientOf().json(`${origin}/me?x=1`, {
      headers: { Authorization: 'Bearer t' },
    });
    expect([status, body, headers.get('content-type')]).toEqual([200, { ok: true }, 'application/json']);
    expect(seen[0]!.url).toBe('/me?x=1');
    expect(seen[0]!.headers).toMatchObject({
      authorization: 'Bearer t',
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^server:rapport:/),
    });
  });

  it('reads what is compressed, of JSON types with a suffix, and empty', async () => {
    const client = clientOf();
    answer = (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/hal+json; charset=utf-8',
        'content-encoding': 'gzip',
      });
      response.end(gzipSync('{"zipped":1}'));
    };
    await expect(client.json(origin)).resolves.toMatchObject({ body: { zipped: 1 } });
    answer = (_request, response) => send(response, 204, {});
    await expect(client.json(origin)).resolves.toMatchObject({ status: 204, body: undefined });
  });

  it('answers errors as they are, whatever comes with them', async () => {
    const client = clientOf();
    answer = (_request, response) =>
      send(response, 429, { 'retry-after': '7', 'content-type': 'text/plain' }, 'slow');
    const refused = await client.json(origin);
    expect([refused.status, refused.body, refused.headers.get('retry-after')]).toEqual([429, undefined, '7']);
    answer = (_request, response) => send(response, 400, JSON_HEADERS, '{"error":"invalid_grant"}');
    await expect(client.json(origin)).resolves.toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    answer = (_request, response) => send(response, 500, JSON_HEADERS, '{');
    await expect(client.json(origin)).resolves.toMatchObject({ status: 500, body: undefined });
  });

  it('serves libraries as fetch', async () => {
    answer = (request, response) => {
      request
        .setEncoding('utf8')
        .once('data', (form: string) => send(response, 200, JSON_HEADERS, JSON.stringify({ form })));
    };
    const body = new URLSearchParams({ grant_type: 'refresh_token' });
    const response = await clientOf().fetch(`${origin}/token`, {
      method: 'POST',
      body,
      headers: { accept: 'application/json' },
    });
    expect(await response.json()).toEqual({ form: 'grant_type=refresh_token' });
    expect(seen[0]!.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    answer = (_request, other) => send(other, 200, { 'content-type': 'text/html' }, '<p>');
    await expect(clientOf().fetch(origin)).rejects.toThrow(/a web page in place of JSON/);
  });

  it('opens a few connections to a host, and closes them at the end', async () => {
    answer = (_request, response) => void setTimeout(() => send(response, 200, JSON_HEADERS, '{}'), 5);
    const client = clientOf();
    let most = 0;
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        await client.json(origin);
        most = Math.max(most, sockets.size);
      }),
    );
    expect(most).toBeLessThanOrEqual(8);
    const closed = Promise.all(
      [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    await client.onApplicationShutdown();
    await closed;
    expect(sockets.size).toBe(0);
  });
});

describe('bad answers', () => {
  it.each<[what: string, answered: (response: ServerResponse) => void, message: RegExp]>([
    [
      'a web page',
      (response) => send(response, 200, { 'content-type': 'text/html; charset=utf-8' }, '<p>'),
      /a web page/,
    ],
    ['another type', (response) => send(response, 200, { 'content-type': 'image/png' }, 'x'), /not JSON/],
    ['no type', (response) => send(response, 200, {}, '{}'), /not JSON/],
    ['broken JSON', (response) => send(response, 200, JSON_HEADERS, '{"a":'), /JSON that is none/],
    [
      'too much',
      (response) => send(response, 200, JSON_HEADERS, `"${'x'.repeat(70_000)}"`),
      /more than 65536 bytes/,
    ],
    [
      'too much, in pieces without an end',
      (response) => {
        response.writeHead(200, JSON_HEADERS);
        const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
        response.on('close', () => clearInterval(timer));
      },
      /more than 65536 bytes/,
    ],
    [
      'a bomb',
      (response) => {
        response.writeHead(200, { ...JSON_HEADERS, 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.alloc(50_000_000)));
      },
      /more than 65536 bytes/,
    ],
    [
      'a damaged compression',
      (response) => send(response, 200, { ...JSON_HEADERS, 'content-encoding': 'gzip' }, 'no gzip'),
      /damaged compression/,
    ],
    [
      'an unknown compression',
      (response) => send(response, 200, { ...JSON_HEADERS, 'content-encoding': 'zoo' }, '{}'),
      /compression/,
    ],
    [
      'large headers',
      (response) => send(response, 200, { ...JSON_HEADERS, 'x-much': 'y'.repeat(40_000) }, '{}'),
      /headers/,
    ],
    [
      'an end in the middle',
      (response) =>
        void response
          .writeHead(200, { ...JSON_HEADERS, 'content-length': '50' })
          .write('{', () => response.destroy()),
      /broke the connection off/,
    ],
    ['a connection that closes', (response) => void response.destroy(), /broke the connection off/],
  ])('%s: fails, and says so', async (_what, answered, message) => {
    answer = (_request, response) => answered(response);
    const error = await failure(clientOf(), origin, { maxBytes: 65_536 });
    expect(error).toMatchObject({
      code: 'upstream-failed',
      status: 502,
      message: expect.stringMatching(message),
    });
  });

  it.each<[what: string, answered: (response: ServerResponse) => void]>([
    ['nothing at all', () => undefined],
    ['headers without an end', (response) => response.writeHead(200, JSON_HEADERS).flushHeaders()],
    [
      'a byte now and then',
      (response) => {
        response.writeHead(200, JSON_HEADERS);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s: fails at the deadline', async (_what, answered) => {
    answer = (_request, response) => answered(response);
    const started = performance.now();
    const error = await failure(clientOf(), origin, { timeoutMs: 150 });
    expect(error).toMatchObject({ code: 'upstream-timeout', status: 504 });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('waits for a free connection no longer than for anything else', async () => {
    answer = () => undefined;
    const client = clientOf();
    const errors = await Promise.all(
      Array.from({ length: 12 }, () => failure(client, origin, { timeoutMs: 150 })),
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['upstream-timeout']));
    answer = (_request, response) => send(response, 200, JSON_HEADERS, '{}');
    await expect(client.json(origin)).resolves.toMatchObject({ status: 200 });
  });

  it('ends when the caller does, with the reason of the caller', async () => {
    const stop = new AbortController();
    const why = new Error('cancelled');
    answer = () => stop.abort(why);
    const started = performance.now();
    await expect(clientOf().json(origin, { signal: stop.signal })).rejects.toBe(why);
    await expect(clientOf().json(origin, { signal: stop.signal })).rejects.toBe(why);
    expect(seen).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('says that nobody is there', async () => {
    const gone = createTcpServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const error = await failure(clientOf([`127.0.0.1:${port}`]), `http://127.0.0.1:${port}/`);
    expect(error.message).toMatch(/refused the connection/);
  });
});

describe('whether anything was sent', () => {
  const tried = (client: OutboundClient, url: string, timeoutMs?: number): Promise<unknown> =>
    client.json(url, { timeoutMs }).then(
      () => undefined,
      (reason: unknown) => reason,
    );

  it('is known of what failed before', async () => {
    const { lookup } = resolving('127.0.0.1');
    expect(isUnsent(await tried(clientOf([], lookup), 'https://api.chirp.test/'))).toBe(true);
    expect(
      isUnsent(
        await tried(
          clientOf([], () => undefined),
          'https://api.chirp.test/',
          100,
        ),
      ),
    ).toBe(true);
    expect(isUnsent(await tried(clientOf(['127.0.0.1:1']), 'http://127.0.0.1:1/'))).toBe(true);
    expect(isUnsent(await tried(clientOf(), 'http://127.0.0.1:1/'))).toBe(true);
  });

  it('is known of what waited for a connection in vain', async () => {
    answer = () => undefined;
    const client = clientOf();
    const waiting = Array.from({ length: 8 }, () => tried(client, origin, 600));
    await eventually('eight requests', () => Promise.resolve(seen.length === 8 || undefined));
    expect(isUnsent(await tried(client, origin, 100))).toBe(true);
    for (const error of await Promise.all(waiting)) expect(isUnsent(error)).toBe(false);
  });

  it('counts as sent, whatever happens then', async () => {
    answer = (_request, response) => void response.destroy();
    expect(isUnsent(await tried(clientOf(), origin))).toBe(false);
    answer = (_request, response) => send(response, 200, { 'content-type': 'text/html' }, '<p>');
    expect(isUnsent(await tried(clientOf(), origin))).toBe(false);
  });
});

describe('redirects', () => {
  const to = (location: string): void => {
    answer = (request, response) =>
      request.url!.startsWith('/end')
        ? send(response, 200, JSON_HEADERS, '{"end":true}')
        : send(response, 302, { location });
  };
  const bare = { headers: {} };

  it('are followed within the origin, by requests that carry nothing', async () => {
    to('/end');
    await expect(clientOf().json(origin)).resolves.toMatchObject({ body: { end: true } });
  });

  it('are not followed with credentials, nor with a body, nor by libraries', async () => {
    to('/end');
    await expect(failure(clientOf(), origin)).resolves.toMatchObject({
      message: expect.stringMatching(/not to be redirected/),
    });
    const posted = failure(clientOf(), origin, { method: 'POST', body: 'code=1', headers: {} });
    await expect(posted).resolves.toMatchObject({ code: 'upstream-failed' });
    await expect(clientOf().fetch(origin, { method: 'POST', body: 'code=1' })).rejects.toThrow(/redirect/);
    await expect(clientOf().fetch(origin)).rejects.toThrow(/redirect/);
    expect(seen.filter(({ url }) => url!.startsWith('/end'))).toEqual([]);
  });

  it('end somewhere', async () => {
    to('/again');
    const error = await failure(clientOf(), origin, bare);
    expect(error.message).toMatch(/more than 3 times/);
    expect(seen).toHaveLength(4);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost:1/',
    '//[::1]/',
    'file:///etc/passwd',
    'http://',
  ])('do not lead to %s', async (location) => {
    to(location);
    expect((await failure(clientOf(), origin, bare)).message).toMatch(
      /somebody else|an address that is none/,
    );
  });
});

describe('where it goes', () => {
  let inside: ReturnType<typeof createTcpServer>;
  let port: number;
  let reached: number;

  beforeAll(async () => {
    inside = createTcpServer((socket) => {
      reached += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    ({ port } = inside.address() as AddressInfo);
  });
  beforeEach(() => (reached = 0));
  afterAll(() => new Promise((resolve) => inside.close(resolve)));

  it.each([
    ['127.0.0.1'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['0.0.0.0'],
    ['169.254.169.254'],
    ['10.0.0.8'],
    ['100.64.0.1'],
    ['fd00::1'],
    ['1.1.1.1', '127.0.0.1'],
  ])('not to a name that resolves to %s %s', async (...addresses) => {
    const { lookup, asked } = resolving(...addresses);
    const error = await failure(clientOf([], lookup), `https://api.chirp.test:${port}/me`);
    expect(error).toMatchObject({
      code: 'upstream-failed',
      message: expect.stringMatching(/not at a public address.*CONNECTOR_TRUSTED_HOSTS/),
    });
    // Looked up once, for the connection itself: there is no second answer that could differ.
    expect(asked).toEqual(['api.chirp.test']);
    expect(reached).toBe(0);
  });

  it.each([
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0x7f.1',
    '2130706433',
    '0.0.0.0',
    '[::]',
    '169.254.169.254',
  ])('not to %s', async (address) => {
    const error = await failure(clientOf([]), `https://${address}:${port}/`);
    expect(error.message).toMatch(/not at a public address/);
    expect(reached).toBe(0);
  });

  it('not over plain http, nor to other ports of a trusted host', async () => {
    const { lookup } = resolving('127.0.0.1');
    const client = clientOf([`127.0.0.1:${port + 1}`, 'id.internal:9'], lookup);
    for (const url of [`http://127.0.0.1:${port}/`, `http://id.internal:${port}/`, 'ftp://id.internal:9/'])
      expect((await failure(client, url)).message).toMatch(/over https only/);
    expect(reached).toBe(0);
  });

  it('not with credentials in the address, nor to what is no address', async () => {
    const client = clientOf();
    await expect(client.json(`http://user:${SECRET}@${host}/`)).rejects.toThrow(
      /^127\.0\.0\.1 has an address with credentials in it\.$/,
    );
    await expect(client.json(SECRET)).rejects.toThrow(/^The service has an address that is none\.$/);
    expect(seen).toEqual([]);
  });

  it('to a trusted host wherever it is', async () => {
    const { lookup } = resolving('127.0.0.1');
    const client = clientOf([`id.internal:${host.split(':')[1]}`], lookup);
    await expect(client.json(`http://id.internal:${host.split(':')[1]}/`)).resolves.toMatchObject({
      status: 200,
    });
    expect(client.trusts(new URL(`http://id.internal:${host.split(':')[1]}`))).toBe(true);
    expect(client.trusts(new URL('https://id.internal'))).toBe(false);
  });

  it('with a connection that does not come about, no longer than the deadline', async () => {
    const silent: Lookup = () => undefined;
    const error = await failure(clientOf([], silent), 'https://api.chirp.test/', { timeoutMs: 150 });
    expect(error.code).toBe('upstream-timeout');
  });

  it('can be reached by others, so that not reaching it means something', async () => {
    await new Promise<void>((resolve) =>
      connectTcp(port, '127.0.0.1')
        .on('close', () => resolve())
        .resume(),
    );
    expect(reached).toBe(1);
  });
});
