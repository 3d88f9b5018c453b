import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ModelServer {
  /** For `AI_BASE_URL`. */
  readonly url: string;
  /** What the user said last, of every request for a reply. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

interface CompletionRequest {
  messages: { role: string; content: string }[];
}

const CHUNK_MS = 5;
const SLOW_CHUNK_MS = 20;
const ENDLESS = 3_000;

/**
 * An OpenAI-compatible server whose manners depend on what it is told: "at length" goes on for a minute, "refuse" is
 * answered 500, "hang up" breaks off after three words, "say nothing" is never answered. Everything else is echoed, at
 * once or "slowly", over half a second.
 */
export async function startModelServer(): Promise<ModelServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('/chat/completions')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: [] }));
      return;
    }
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(body).toString()) as CompletionRequest;
      const said = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      asked.push(said);
      answer(said, response).catch((error: unknown) => response.destroy(error as Error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(said: string, response: ServerResponse): Promise<void> {
  if (said.includes('say nothing')) return;
  if (said.includes('refuse')) {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'the model is out of order' } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const endless = said.includes('at length');
  const words = endless
    ? Array.from({ length: ENDLESS }, (_, index) => `word ${index} `)
    : ['You ', 'said: ', said, ' 🙂', '🎉 ', '. ', ...Array.from({ length: 12 }, () => 'Go on. '), 'Please.'];
  for (const [index, content] of words.entries()) {
    if (said.includes('hang up') && index === 3) {
      response.destroy();
      return;
    }
    // The client has gone: it cancelled.
    if (response.destroyed) return;
    write(response, { choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    await delay(endless || said.includes('slowly') ? SLOW_CHUNK_MS : CHUNK_MS);
  }
  write(response, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  write(response, { choices: [], usage: { prompt_tokens: 50, completion_tokens: words.length } });
  response.end('data: [DONE]\n\n');
}

const write = (response: ServerResponse, chunk: object): void =>
  void response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', ...chunk })}\n\n`);
