import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AppError } from '../../platform/errors/app-error.js';
import { AiSettings } from '../ai.settings.js';
import type { Prompt, ReplyChunk, ReplyRequest } from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { undisturbed } from '../../../libs/redis/src/testing/undisturbed.js';
import { OpenAiCompatibleProvider } from './openai-compatible.provider.js';

type Behaviour = (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>;

const counter = new TokenCounter();
const prompt: Prompt = {
  messages: [
    { role: 'system', content: 'Be Mira.', source: 'system' },
    { role: 'system', content: 'About Mira.', source: 'character' },
    { role: 'user', content: 'A private question', source: 'message' },
  ],
  promptTokens: 21,
  budget: { window: 8192, reserved: 676, used: 21 },
  dropped: [],
  segments: [],
  character: {
    name: 'Mira',
    description: '',
    personality: '',
    scenario: '',
    systemPrompt: '',
    postHistoryInstructions: '',
    firstMessage: '',
    exampleDialogue: '',
  },
  userName: 'Ada',
};

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const delta = (content: string | null): string => event({ choices: [{ index: 0, delta: { content } }] });
const finish = (reason: string): string =>
  event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
const DONE = 'data: [DONE]\n\n';
const sse = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });
const saying =
  (...parts: (string | Buffer)[]): Behaviour =>
  async (_request, response) => {
    sse(response);
    for (const part of parts) {
      response.write(part);
      // Each part in a segment of its own, as far as the kernel lets us say so.
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };

describe('OpenAiCompatibleProvider', () => {
  let server: http.Server;
  let behave: Behaviour;
  let requests: { url: string; headers: http.IncomingHttpHeaders; body: string }[];
  let sockets: Set<Socket>;
  let settings: AiSettings;
  let provider: OpenAiCompatibleProvider;

  beforeEach(async () => {
    requests = [];
    sockets = new Set();
    server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        requests.push({ url: request.url ?? '', headers: request.headers, body });
        void behave(request, response, body);
      });
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    settings = Object.assign(new AiSettings(), {
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`,
      apiKey: 'sk-very-private',
      model: 'tiny',
      stallTimeoutMs: 5_000,
    });
    provider = new OpenAiCompatibleProvider(settings, counter);
  });

  afterEach(async () => {
    provider.onApplicationShutdown();
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });

  async function reply(
    request: Partial<ReplyRequest> = {},
  ): Promise<{ text: string; deltas: string[]; end?: ReplyChunk }> {
    const deltas: string[] = [];
    let end: ReplyChunk | undefined;
    for await (const chunk of provider.stream({ prompt, signal: new AbortController().signal, ...request })) {
      if (chunk.type === 'end') end = chunk;
      else deltas.push(chunk.text);
    }
    return { text: deltas.join(''), deltas, end };
  }

  async function failure(request: Partial<ReplyRequest> = {}): Promise<AppError> {
    const error: unknown = await reply(request).then(
      () => new Error('the reply succeeded'),
      (caught: unknown) => caught,
    );
    if (!(error instanceof AppError)) throw error;
    return error;
  }

  it('asks in OpenAI’s terms and gives the text, the finish and the usage on', async () => {
    behave = saying(
      ': hello\n\n',
      event({ choices: [{ delta: { role: 'assistant', content: '' } }] }),
      delta('Come '),
      delta(null),
      delta('in.'),
      finish('stop'),
      event({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 4 } }),
      DONE,
    );
    const { deltas, end } = await reply({ maxTokens: 99, temperature: 0.5, seed: 7 });
    expect(deltas).toEqual(['Come ', 'in.']);
    expect(end).toEqual({
      type: 'end',
      finishReason: 'stop',
      usage: { promptTokens: 30, completionTokens: 4 },
    });
    expect(requests[0]).toMatchObject({ url: '/v1/chat/completions' });
    expect(requests[0]?.headers.authorization).toBe('Bearer sk-very-private');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      model: 'tiny',
      messages: [
        { role: 'system', content: 'Be Mira.\n\nAbout Mira.' },
        { role: 'user', content: 'A private question' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 99,
      temperature: 0.5,
      seed: 7,
    });
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'filter'],
    ['tool_calls', 'stop'],
  ])('reads finish_reason %s as %s', async (reason, expected) => {
    behave = saying(delta('x'), finish(reason), DONE);
    expect((await reply()).end).toMatchObject({ finishReason: expected });
  });

  it('counts the tokens itself when the server does not, and needs no end mark once the reply is finished', async () => {
    behave = saying(delta('Hello'), delta(' world'), finish('stop'));
    expect((await reply()).end).toMatchObject({ usage: { promptTokens: 21, completionTokens: 2 } });
  });

  it('does not wait for a server that finishes and then goes silent', async () => {
    behave = (_request, response) => {
      sse(response).write(delta('Hi') + finish('stop'));
    };
    expect(await reply()).toMatchObject({ text: 'Hi', end: { finishReason: 'stop' } });
  });

  it('puts characters together that arrive in halves', async () => {
    const bytes = Buffer.from(delta('naïve 🧞'));
    const emoji = bytes.indexOf(Buffer.from('🧞'));
    const halves =
      'data: {"choices":[{"delta":{"content":"\\ud83e"}}]}\n\ndata: {"choices":[{"delta":{"content":"\\uddde!"}}]}\n\n';
    behave = saying(bytes.subarray(0, emoji + 2), bytes.subarray(emoji + 2), halves, finish('stop'), DONE);
    const { text, deltas } = await reply();
    expect(text).toBe('naïve 🧞🧞!');
    for (const piece of deltas) expect(piece).not.toMatch(/\p{Surrogate}/u);
  });

  it('accepts a server that does not stream', async () => {
    behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ choices: [{ message: { content: 'All at once' }, finish_reason: 'length' }] }),
      );
    };
    expect(await reply()).toMatchObject({ text: 'All at once', end: { finishReason: 'length' } });
  });

  it('keeps the connection for the next reply', async () => {
    const ports: (number | undefined)[] = [];
    behave = async (request, response, body) => {
      ports.push(request.socket.remotePort);
      await saying(delta('x'), finish('stop'), DONE)(request, response, body);
    };
    await reply();
    await reply();
    expect(ports[1]).toBe(ports[0]);
  });

  describe('when the server misbehaves', () => {
    it.each<[string, Behaviour]>([
      [
        'an error in place of a reply',
        (_q, r) =>
          void r
            .writeHead(200, { 'content-type': 'application/json' })
            .end('{"error":{"code":"overloaded","message":"sk-very-private"}}'),
      ],
      [
        'JSON that is no completion',
        (_q, r) => void r.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":1}'),
      ],
      ['a web page', (_q, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
      [
        'an error in the stream',
        saying(delta('x'), event({ error: { type: 'server_error', message: 'sk-very-private' } })),
      ],
      ['an event that is not JSON', saying('data: A private question\n\n')],
      ['an end before the finish', saying(delta('x'))],
      ['nothing at all', saying()],
      ['a redirect', (_q, r) => void r.writeHead(307, { location: '/elsewhere' }).end()],
      [
        'refused credentials',
        (_q, r) => void r.writeHead(401).end('{"error":{"message":"Incorrect key sk-very-private"}}'),
      ],
      ['a server error', (_q, r) => void r.writeHead(500).end('A private question')],
    ])('%s is an upstream failure that quotes nothing', async (_what, behaviour) => {
      behave = behaviour;
      const error = await failure();
      expect(error).toMatchObject({ code: 'upstream-failed', status: 502 });
      expect(`${error.message} ${JSON.stringify(error.cause ?? '')}`).not.toMatch(
        /very-private|private question/,
      );
      expect(requests).toHaveLength(1);
    });

    it('a broken connection in the middle is an upstream failure, after what was said', async () => {
      behave = (_request, response) => {
        sse(response).write(delta('Once upon'), () => response.destroy());
      };
      const said: string[] = [];
      const reading = (async () => {
        for await (const chunk of provider.stream({ prompt, signal: new AbortController().signal })) {
          if (chunk.type === 'delta') said.push(chunk.text);
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: 'upstream-failed' });
      expect(said).toEqual(['Once upon']);
    });

    it('passes on how long its rate limit lasts', async () => {
      behave = (_request, response) => void response.writeHead(429, { 'retry-after': '7' }).end('{}');
      expect(await failure()).toMatchObject({ code: 'upstream-failed', status: 502, retryAfterMs: 7_000 });
    });

    it('stops reading a reply without end', async () => {
      behave = (_request, response) => {
        sse(response);
        const more = (): void => {
          while (!response.destroyed && response.write(`: ${'x'.repeat(60_000)}\n\n`));
        };
        response.on('drain', more);
        more();
      };
      expect((await failure({ maxTokens: 1 })).message).toContain('more than 69632 bytes');
    });

    it('stops reading an event without end', async () => {
      behave = saying(`data: ${'x'.repeat(1_200_000)}`);
      expect((await failure({ maxTokens: 2_000 })).message).toContain('more than 1048576 characters');
    });
  });

  describe('deadlines', () => {
    it('silence before the answer', async () => {
      settings.stallTimeoutMs = 50;
      behave = () => undefined;
      const error = await failure();
      expect(error).toMatchObject({ code: 'upstream-timeout', status: 504 });
      expect(error.message).toContain('AI_STALL_TIMEOUT');
    });

    it('silence in the middle', async () => {
      settings.stallTimeoutMs = 50;
      behave = (_request, response) => void sse(response).write(delta('Once'));
      expect(await failure()).toMatchObject({ code: 'upstream-timeout' });
    });

    it('a reply that never comes to its end', async () => {
      settings.totalTimeoutMs = 150;
      behave = (_request, response) => {
        sse(response);
        const ticking = setInterval(() => response.write(delta('and ')), 10);
        response.on('close', () => clearInterval(ticking));
      };
      const error = await failure();
      expect(error).toMatchObject({ code: 'upstream-timeout' });
      expect(error.message).toContain('AI_TOTAL_TIMEOUT');
    });

    it('a connection that does not come about', async () => {
      // TLS spoken to a server that never answers the handshake.
      const mute = (await import('node:net')).createServer(() => undefined).listen(0, '127.0.0.1');
      await once(mute, 'listening');
      settings.baseUrl = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/v1`;
      settings.connectTimeoutMs = 100;
      const error = await failure();
      mute.close();
      expect(error).toMatchObject({ code: 'upstream-timeout' });
      expect(error.message).toContain('AI_CONNECT_TIMEOUT');
    });

    it('does not mistake a slow reader for a silent server', () =>
      undisturbed(20, async () => {
        settings.stallTimeoutMs = 60;
        behave = saying(delta('a'), delta('b'), finish('stop'), DONE);
        const said: string[] = [];
        for await (const chunk of provider.stream({ prompt, signal: new AbortController().signal })) {
          if (chunk.type === 'delta') said.push(chunk.text);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        expect(said).toEqual(['a', 'b']);
      }));
  });

  describe('a server that cannot be reached', () => {
    it('is tried again while nothing can have been sent', async () => {
      const port = (server.address() as AddressInfo).port;
      await new Promise((resolve) => server.close(resolve));
      behave = saying(delta('late'), finish('stop'), DONE);
      const pending = reply();
      setTimeout(() => server.listen(port, '127.0.0.1'), 30);
      expect(await pending).toMatchObject({ text: 'late' });
    });

    it('is given up after three attempts', async () => {
      await new Promise((resolve) => server.close(resolve));
      expect((await failure()).message).toContain('could not be reached');
    });

    it('is not asked twice once it has read the request', async () => {
      behave = (request) => void request.socket.destroy();
      expect((await failure()).message).toContain('closed the connection before answering');
      expect(requests).toHaveLength(1);
    });
  });

  describe('abort', () => {
    it('closes the socket at once and throws the reason', async () => {
      const stop = new AbortController();
      let socketClosed: Promise<unknown> | undefined;
      behave = (request, response) => {
        socketClosed = once(request.socket, 'close');
        sse(response).write(delta('Once'));
      };
      const reading = (async () => {
        for await (const chunk of provider.stream({ prompt, signal: stop.signal })) {
          if (chunk.type === 'delta') setImmediate(() => stop.abort(new Error('cancelled')));
        }
      })();
      await expect(reading).rejects.toThrow('cancelled');
      await socketClosed;
      expect(sockets.size).toBe(0);
    });

    it('throws a reason that is no error as it is', async () => {
      const stop = new AbortController();
      const reason = Symbol('cancelled');
      behave = () => stop.abort(reason);
      await expect(reply({ signal: stop.signal })).rejects.toBe(reason);
    });

    it('works before the answer, and before the question', async () => {
      const stop = new AbortController();
      behave = () => stop.abort(new Error('cancelled'));
      await expect(reply({ signal: stop.signal })).rejects.toThrow('cancelled');
      await expect(reply({ signal: stop.signal })).rejects.toThrow('cancelled');
      expect(requests).toHaveLength(1);
    });

    it('a reader that leaves early closes the socket too', async () => {
      let socketClosed: Promise<unknown> | undefined;
      behave = (request, response) => {
        socketClosed = once(request.socket, 'close');
        sse(response).write(delta('Once'));
      };
      for await (const chunk of provider.stream({ prompt, signal: new AbortController().signal })) {
        expect(chunk).toEqual({ type: 'delta', text: 'Once' });
        break;
      }
      await socketClosed;
      expect(sockets.size).toBe(0);
    });
  });

  describe('check', () => {
    const check = (deadlineMs = 10_000) => provider.check(AbortSignal.timeout(deadlineMs));

    it.each([
      [200, 'ok'],
      [404, 'ok'],
      [401, 'down'],
      [503, 'degraded'],
    ])('takes status %i of the model list for %s', async (status, expected) => {
      behave = (_request, response) => void response.writeHead(status).end('{}');
      expect(await check()).toBe(expected);
      expect(requests[0]?.url).toBe('/v1/models');
    });

    it('finds a silent server down within its deadline', async () => {
      behave = () => undefined;
      expect(await check(200)).toBe('down');
    });
  });
});
