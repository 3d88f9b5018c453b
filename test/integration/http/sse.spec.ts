import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Controller, Get, Injectable, Req, Res } from '@nestjs/common';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { platformErrors } from '../../../src/platform/errors/platform.errors.js';
import { Produces } from '../../../src/platform/http/produces.interceptor.js';
import { SseConnections } from '../../../src/platform/http/sse-connections.js';
import type { SseEvent } from '../../../src/platform/http/sse.js';
import { eventually } from '../../support/eventually.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';

/** What the test makes the stream do, and what it saw of it. */
@Injectable()
class Script {
  source: (signal: AbortSignal) => AsyncIterable<SseEvent> = () => none();
  heartbeatMs?: number;
  closed: Promise<unknown> = Promise.resolve();
  /** What the handler waits for before it streams. */
  ready: (request: FastifyRequest) => Promise<unknown> = () => Promise.resolve();
}

async function* none(): AsyncGenerator<SseEvent> {}

async function* of(...events: SseEvent[]): AsyncGenerator<SseEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

/** Never yields, like a conversation in which nobody speaks. */
async function* waiting(signal: AbortSignal): AsyncGenerator<SseEvent> {
  if (!signal.aborted) await once(signal, 'abort');
}

@Controller('events')
@Produces('text/event-stream')
class EventsController {
  constructor(
    private readonly sse: SseConnections,
    private readonly script: Script,
  ) {}

  @Get()
  async events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { heartbeatMs } = this.script;
    await this.script.ready(request);
    this.script.closed = this.sse.stream(reply, request, (signal) => this.script.source(signal), {
      heartbeatMs,
    });
    await this.script.closed;
  }

  @Get('refused')
  refused(@Res() _reply: FastifyReply): never {
    throw platformErrors['stream-expired']('Too old.');
  }
}

describe('event streams', () => {
  let http: HttpTestApp;
  let script: Script;
  beforeEach(async () => {
    const settings = { corsOrigins: ['https://app.example.com'] };
    http = await startHttpApp({ controllers: [EventsController], providers: [Script], settings });
    script = http.app.get(Script);
  });
  afterEach(() => http.close());

  const parse = (text: string): EventSourceMessage[] => {
    const events: EventSourceMessage[] = [];
    createParser({ onEvent: (event) => events.push(event) }).feed(text);
    return events;
  };
  const open = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => httpGet(`${http.url}/events`, resolve).on('error', reject));
  const until = async (response: IncomingMessage, wanted: string): Promise<string> => {
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.includes(wanted)) break;
    }
    return text;
  };

  it('send the headers of the contract beside those every answer has', async () => {
    const headers = { origin: 'https://app.example.com', 'x-request-id': 'r-9' };
    const response = await http.fetch('/events', { headers });
    const kept = [
      'content-type',
      'cache-control',
      'x-accel-buffering',
      'x-request-id',
      'access-control-allow-origin',
    ];
    expect(kept.map((name) => response.headers.get(name))).toEqual([
      'text/event-stream; charset=utf-8',
      'no-store',
      'no',
      'r-9',
      'https://app.example.com',
    ]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toMatch(/^retry: 2000\n\n/);
  });

  it('carry ids, names and any JSON, and end with the source', async () => {
    script.source = () =>
      of(
        { id: 'e.1', event: 'reply.delta', data: { text: 'a\nb\r\n\u2028 🎉' } },
        { event: 'done', data: null },
      );
    const events = parse(await (await http.fetch('/events')).text());
    expect(events).toEqual([
      { id: 'e.1', event: 'reply.delta', data: JSON.stringify({ text: 'a\nb\r\n\u2028 🎉' }) },
      { id: undefined, event: 'done', data: 'null' },
    ]);
  });

  it('cannot be broken out of by an id or a name', async () => {
    script.source = () => of({ id: '1\ndata: x', event: 'a\r\n\r\nevent: b', data: 1 });
    expect(parse(await (await http.fetch('/events')).text())).toHaveLength(1);
  });

  it('keep a silent connection alive with comments', async () => {
    script.source = waiting;
    script.heartbeatMs = 20;
    const response = await open();
    expect(await until(response, ': keep-alive\n\n: keep-alive')).toContain('retry: 2000');
  });

  it('let go of the source when the client leaves', async () => {
    let let_go = (): void => undefined;
    const released = new Promise<void>((resolve) => (let_go = resolve));
    script.source = async function* (signal) {
      try {
        yield { event: 'hello', data: {} };
        await once(signal, 'abort');
      } finally {
        let_go();
      }
    };
    const response = await open();
    await until(response, 'hello');
    response.destroy();
    await released;
    await script.closed;
    expect(http.app.get(SseConnections).size).toBe(0);
  });

  it('end at once for a client that left before they began', async () => {
    script.source = waiting;
    const left = new Promise<void>((resolve) => {
      script.ready = async (request) => {
        client.destroy();
        await once(request.raw.socket, 'close');
        // After this handler has gone on to open its stream.
        setImmediate(resolve);
      };
    });
    const client = httpGet(`${http.url}/events`).on('error', () => undefined);
    await left;
    await script.closed;
    expect(http.app.get(SseConnections).size).toBe(0);
  });

  it('read from the source only as fast as the client reads', async () => {
    let produced = 0;
    const data = 'x'.repeat(64 * 1024);
    script.source = async function* () {
      for (; produced < 2000; produced++) yield await Promise.resolve({ event: 'bulk', data });
    };
    const response = await open();
    await once(response, 'readable');
    // Enough turns to fill every buffer between the two; a stream without back-pressure would have finished.
    for (let turn = 0, before = -1; turn < 50 && before !== produced; turn++) {
      before = produced;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(produced).toBeLessThan(1000);
    response.destroy();
    await script.closed;
  });

  it('are bounded for each user, and others may have theirs', async () => {
    script.source = waiting;
    const as = (actor: string): Promise<Response> => http.fetch('/events', { headers: { 'x-actor': actor } });
    const streams = await Promise.all(Array.from({ length: 20 }, () => as('ada')));
    const refused = await as('ada');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ code: 'rate-limited' });
    streams.push(await as('bob'));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    await streams[0]?.body?.cancel();
    await eventually('the stream to be closed', () =>
      Promise.resolve(http.app.get(SseConnections).size < 21 || undefined),
    );
    streams.push(await as('ada'));
    expect(streams.at(-1)?.status).toBe(200);
    await Promise.all(streams.slice(1).map(async ({ body }) => body?.cancel()));
  });

  it('end with "shutdown" when the server stops, and do not keep it from stopping', async () => {
    script.source = waiting;
    const rest = until(await open(), 'event: shutdown');
    await http.app.get(SseConnections).beforeApplicationShutdown();
    expect(await rest).toContain('event: shutdown');
    // One that comes while the server is stopping is told at once.
    expect(await until(await open(), 'event: shutdown')).toContain('event: shutdown');
  });

  it('report a failing source as a problem without its internals', async () => {
    script.source = async function* () {
      yield { event: 'one', data: 1 };
      await Promise.resolve();
      throw new Error('SELECT secret');
    };
    const text = await (await http.fetch('/events')).text();
    const last = parse(text).at(-1);
    expect(last?.event).toBe('error');
    expect(JSON.parse(last!.data)).toMatchObject({ code: 'internal', status: 500 });
    expect(text).not.toContain('secret');
  });

  it('are ordinary problems when refused before they begin', async () => {
    const response = await http.fetch('/events/refused');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      410,
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('answer HEAD with headers only', async () => {
    script.source = waiting;
    const response = await http.fetch('/events', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    await script.closed;
  });
});
