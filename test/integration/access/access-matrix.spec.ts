import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { socketEventsOf } from '../../../src/platform/sockets/socket-event.js';
import { topicKindOf } from '../../../src/platform/sockets/stream-topic.js';
import { LiveSocket } from '../../support/socket-client.js';
import { routesOf } from '../../support/openapi-routes.js';
import { HTTP_MATRIX, type Ask, type Row } from './http-matrix.js';
import { SOCKET_MATRIX, STREAM_MATRIX } from './socket-matrix.js';
import { CALLERS, SECRET, World, type Caller } from './world.js';

const STARTUP_MS = 120_000;

let world: World;

beforeAll(async () => {
  world = await World.create();
}, STARTUP_MS);
afterAll(() => world?.close());

const pathOf = (route: string, { params = {}, query }: Ask): string => {
  const path = route.replace(/^\w+ /, '').replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${route} is asked without its ${name}.`);
    return encodeURIComponent(value);
  });
  return query === undefined ? path : `${path}?${query}`;
};

const bodyOf = ({ body }: Ask): BodyInit | undefined =>
  body === undefined ? undefined : Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body);

async function answerTo(row: Row, ask: Ask, caller: Caller): Promise<{ status: number; text: string }> {
  const api = row.leaving ? await world.nobodyElse(caller) : world.callerAs(caller);
  const [method = ''] = row.route.split(' ');
  const type: Record<string, string> = ask.body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await api.fetch(pathOf(row.route, ask), {
    method,
    headers: { ...type, ...ask.headers },
    body: bodyOf(ask),
  });
  return { status: response.status, text: await response.text() };
}

describe('over HTTP', () => {
  it('every route of the service is in the matrix, and none that does not exist', async () => {
    const routes = (await routesOf(world.url)).map(({ method, template }) => `${method} ${template}`);
    expect([...new Set(HTTP_MATRIX.map(({ route }) => route))].sort()).toEqual([...new Set(routes)].sort());
  });

  it.each(HTTP_MATRIX.map((row) => [row.about ? `${row.route} (${row.about})` : row.route, row] as const))(
    '%s answers each as it should',
    async (_name, row) => {
      const found: Partial<Record<Caller, number>> = {};
      let ask = (await row.ask?.(world)) ?? {};
      for (const caller of CALLERS) {
        const { status, text } = await answerTo(row, ask, caller);
        found[caller] = status;
        if (status >= 400) expect(text).not.toContain(SECRET);
        if (row.anew) ask = (await row.ask?.(world)) ?? {};
      }
      expect(found).toEqual(row.expected);
    },
  );
});

describe('over a socket', () => {
  const people = CALLERS.filter((caller) => caller !== 'anonymous');
  const sockets = new Map<Caller, LiveSocket>();
  let instances: object[];

  beforeAll(async () => {
    for (const caller of people)
      sockets.set(caller, await LiveSocket.connect(world.url, world.people[caller].token));
    const discovery = world.app.select(DiscoveryModule).get(DiscoveryService);
    instances = discovery
      .getProviders()
      .map(({ instance }) => instance as unknown)
      .filter((instance) => typeof instance === 'object' && instance !== null);
  });
  afterAll(() => sockets.forEach((socket) => socket.close()));

  const ask = <Data>(caller: Caller, event: string, payload: object) =>
    (sockets.get(caller) as LiveSocket).ask<Data>(event, payload);

  it('nobody is let in without saying who they are', async () => {
    await expect(LiveSocket.connect(world.url, undefined)).rejects.toMatchObject({
      data: { status: 401, code: 'unauthenticated' },
    });
  });

  it('every event that a client may send is in the matrix, and none that does not exist', () => {
    const events = instances.flatMap((instance) => socketEventsOf(instance)).map(({ event }) => event);
    expect([...new Set(SOCKET_MATRIX.map(({ event }) => event))].sort()).toEqual(events.sort());
  });

  it.each(SOCKET_MATRIX.map((row, index) => [`${row.event} (${index + 1})`, row] as const))(
    '%s answers each as it should',
    async (_name, { event, expected, payload }) => {
      const found: Partial<Record<Caller, number | 'ok'>> = {};
      for (const caller of people) {
        const ack = await ask(caller, event, (await payload?.(world, caller)) ?? {});
        found[caller] = ack.ok ? 'ok' : ack.error.status;
        if (!ack.ok) expect(JSON.stringify(ack.error)).not.toContain(SECRET);
      }
      expect(found).toEqual(expected);
    },
  );

  it('every kind of stream is in the matrix, and none that does not exist', () => {
    const kinds = instances.flatMap((instance) => topicKindOf(instance) ?? []);
    expect([...new Set(STREAM_MATRIX.map(({ kind }) => kind))].sort()).toEqual(kinds.sort());
  });

  it.each(STREAM_MATRIX.map((row) => [`${row.kind} ${row.about}`, row] as const))(
    'the stream of a %s is followed only by whom it is for',
    async (_name, { kind, expected, id }) => {
      const found: Partial<Record<Caller, string>> = {};
      const stream = `${kind}:${await id(world)}`;
      for (const caller of people) {
        const ack = await ask<{ streams: { status: string }[] }>(caller, 'sync:resume', {
          streams: [{ stream }],
        });
        const status = ack.ok ? ack.data.streams[0]?.status : ack.error.code;
        found[caller] = status === 'ok' ? 'followed' : status;
      }
      expect(found).toEqual(expected);
    },
  );
});
