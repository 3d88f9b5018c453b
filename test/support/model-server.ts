import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ModelServer {
  /** For `AI_BASE_URL`. */
  readonly url: string;
  /** What the user said last, of every request for a reply. */
  readonly asked: readonly string[];
  /** The same requests as they came. */
  readonly requests: readonly object[];
  /** How many requests for a reply are not over, on either side. */
  readonly open: number;
  /** The next reply, word for word. */
  script(reply: string): void;
  stop(): Promise<void>;
}

interface CompletionRequest {
  messages: { role: string; content: string }[];
}

const CHUNK_MS = 5;
const SLOW_CHUNK_MS = 20;
/** What is on its way when a connection breaks off is lost with it. */
const ARRIVED_MS = 200;
const ENDLESS = 3_000;

/**
 * An OpenAI-compatible server whose manners depend on what it is told: "at length" goes on for a minute, "refuse" is
 * answered 500, "hang up" breaks off after three words, "say nothing" is never answered, "say no more" is silent after
 * three words. "too many" is answered 429, "wrong body" with an error under 200, "empty choices" with choices that say
 * nothing, "no mark" without the end mark, "in halves" with characters torn apart. Everything else is echoed, at once or
 * "slowly", over half a second.
 */
export async function startModelServer(): Promise<ModelServer> {
  const asked: string[] = [];
  const requests: object[] = [];
  let open = 0;
  let scripted: string | undefined;
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('/chat/completions')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: [] }));
      return;
    }
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      const completion = JSON.parse(Buffer.concat(body).toString()) as CompletionRequest;
      const { messages } = completion;
      requests.push(completion);
      open += 1;
      response.once('close', () => (open -= 1));
      const said = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      asked.push(said);
      const reply = scripted;
      scripted = undefined;
      const answering = reply === undefined ? answer(said, response) : recite(reply, response);
      answering.catch((error: unknown) => response.destroy(error as Error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    requests,
    get open() {
      return open;
    },
    script: (reply) => void (scripted = reply),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function recite(reply: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  await write(response, { choices: [{ index: 0, delta: { content: reply }, finish_reason: 'stop' }] });
  response.end('data: [DONE]\n\n');
}

async function answer(said: string, response: ServerResponse): Promise<void> {
  if (said.includes('say nothing')) return;
  if (said.includes('refuse')) {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'the model is out of order' } }));
    return;
  }
  if (said.includes('too many')) {
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' });
    response.end(JSON.stringify({ error: { message: 'slow down', code: 'rate_limit_exceeded' } }));
    return;
  }
  if (said.includes('wrong body')) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'out of memory', type: 'server_error' } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (said.includes('empty choices')) {
    await write(response, { choices: [] });
    await write(response, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    response.end('data: [DONE]\n\n');
    return;
  }
  const endless = said.includes('at length');
  const words = endless
    ? Array.from({ length: ENDLESS }, (_, index) => `word ${index} `)
    : ['You ', 'said: ', said, ' 🙂', '🎉 ', '. ', ...Array.from({ length: 12 }, () => 'Go on. '), 'Please.'];
  for (const [index, content] of words.entries()) {
    if (said.includes('hang up') && index === 3) {
      await delay(ARRIVED_MS);
      response.destroy();
      return;
    }
    if (said.includes('say no more') && index === 3) return;
    // The client has gone: it cancelled.
    if (response.destroyed) return;
    await write(
      response,
      { choices: [{ index: 0, delta: { content }, finish_reason: null }] },
      said.includes('in halves') && /\P{ASCII}/u.test(content),
    );
    await delay(endless || said.includes('slowly') ? SLOW_CHUNK_MS : CHUNK_MS);
  }
  await write(response, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  await write(response, { choices: [], usage: { prompt_tokens: 50, completion_tokens: words.length } });
  response.end(said.includes('no mark') ? '' : 'data: [DONE]\n\n');
}

/** @param torn sends every byte by itself */
async function write(response: ServerResponse, chunk: object, torn = false): Promise<void> {
  const bytes = Buffer.from(`data: ${JSON.stringify({ object: 'chat.completion.chunk', ...chunk })}\n\n`);
  if (!torn) {
    response.write(bytes);
    return;
  }
  for (const byte of bytes) {
    response.write(Buffer.of(byte));
    await delay(0);
  }
}
