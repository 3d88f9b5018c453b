import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { AiSettings } from '../ai.settings.js';
import type { AiHealth, ReplyChunk, ReplyRequest, ReplyUsage } from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { errorCodeOf, parseCompletion, type CompletionEvent } from './completion.events.js';
import { readCompletion } from './completion.stream.js';
import { DeltaText } from './delta.text.js';
import type { ModelProvider } from './model.provider.js';
import { ResponseBody } from './response.body.js';
import { UpstreamConnections } from './upstream.connection.js';
import { brokenReply, refusedByUpstream, upstreamTimeout } from './upstream.errors.js';
import { wireMessages } from './wire.messages.js';

/** A streamed token arrives in an envelope of a few hundred bytes; reasoning models send some that carry no text. */
const MAX_BYTES_PER_TOKEN = 4 * 1024;
const MAX_BODY_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BODY_BYTES = 16 * 1024;

/** Replies from any server that speaks OpenAI's chat completions. */
@Injectable()
export class OpenAiCompatibleProvider implements ModelProvider, OnApplicationShutdown {
  private readonly connections = new UpstreamConnections();

  constructor(
    private readonly settings: AiSettings,
    private readonly counter: TokenCounter,
  ) {}

  get description(): string {
    return `${this.settings.model} at ${this.settings.baseUrl}`;
  }

  async *stream(request: ReplyRequest): AsyncGenerator<ReplyChunk, void, undefined> {
    const stop = new AbortController();
    const total = setTimeout(
      () => stop.abort(upstreamTimeout('took too long for the whole reply', 'AI_TOTAL_TIMEOUT')),
      this.settings.totalTimeoutMs,
    );
    const abort = () => stop.abort(request.signal.reason);
    request.signal.addEventListener('abort', abort, { once: true });
    if (request.signal.aborted) abort();
    try {
      yield* this.exchange(request, stop.signal);
    } finally {
      clearTimeout(total);
      request.signal.removeEventListener('abort', abort);
    }
  }

  async check(signal: AbortSignal): Promise<AiHealth['status']> {
    try {
      const response = await this.connections.open({
        ...this.target('models', signal),
        method: 'GET',
      });
      response.destroy();
      return healthOf(response.statusCode ?? 0);
    } catch {
      // Not a failure of the check: an unreachable server is its finding.
      return 'down';
    }
  }

  onApplicationShutdown(): void {
    this.connections.close();
  }

  private async *exchange(
    request: ReplyRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ReplyChunk, void, undefined> {
    const maxTokens = request.maxTokens ?? this.settings.maxTokens;
    const response = await this.connections.open({
      ...this.target('chat/completions', signal),
      method: 'POST',
      body: JSON.stringify(this.payload(request, maxTokens)),
    });
    const streamed = await this.accept(response, signal);
    const maxBytes = Math.min(MAX_BODY_BYTES, 64 * 1024 + maxTokens * MAX_BYTES_PER_TOKEN);
    const body = new ResponseBody(response, maxBytes, signal);
    try {
      yield* this.chunks(
        streamed ? readCompletion(body, this.settings.stallTimeoutMs) : this.whole(body),
        request,
      );
      await body.finish();
    } finally {
      body.close();
    }
  }

  private async *chunks(
    events: AsyncIterable<CompletionEvent>,
    { prompt }: ReplyRequest,
  ): AsyncGenerator<ReplyChunk, void, undefined> {
    const reply = new DeltaText();
    let finishReason: CompletionEvent['finishReason'];
    let usage: ReplyUsage | undefined;
    for await (const event of events) {
      const text = reply.push(event.text);
      if (text !== '') yield { type: 'delta', text };
      finishReason = event.finishReason ?? finishReason;
      usage = event.usage ?? usage;
    }
    const rest = reply.end();
    if (rest !== '') yield { type: 'delta', text: rest };
    usage ??= { promptTokens: prompt.promptTokens, completionTokens: this.counter.count(reply.text) };
    yield { type: 'end', finishReason: finishReason ?? 'stop', usage };
  }

  /** A server that answers a streaming request with one JSON document. */
  private async *whole(body: ResponseBody): AsyncGenerator<CompletionEvent> {
    const completion = parseCompletion(await body.text(this.settings.stallTimeoutMs));
    if (completion.text === '' && completion.finishReason === undefined) {
      throw brokenReply('sent something that is not a completion');
    }
    yield completion;
  }

  /** Whether the reply comes as a stream of events. */
  private async accept(response: IncomingMessage, signal: AbortSignal): Promise<boolean> {
    const status = response.statusCode ?? 0;
    const type = response.headers['content-type'] ?? '';
    if (status >= 200 && status < 300 && !type.includes('text/html'))
      return !type.includes('application/json');
    const body = new ResponseBody(response, MAX_ERROR_BODY_BYTES, signal);
    try {
      if (status >= 200 && status < 300) throw brokenReply('sent a web page instead of a reply');
      const retryAfter = response.headers['retry-after'];
      throw refusedByUpstream({ status, retryAfter, code: await this.errorCode(body, signal) });
    } finally {
      body.close();
    }
  }

  private async errorCode(body: ResponseBody, signal: AbortSignal): Promise<string | undefined> {
    try {
      return errorCodeOf(JSON.parse(await body.text(Math.min(1_000, this.settings.stallTimeoutMs))));
    } catch {
      signal.throwIfAborted();
      // The status says what happened; the code only adds to it.
      return undefined;
    }
  }

  private target(path: string, signal: AbortSignal) {
    const { baseUrl, apiKey, connectTimeoutMs, stallTimeoutMs } = this.settings;
    return {
      url: new URL(`${(baseUrl ?? '').replace(/\/+$/, '')}/${path}`),
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream, application/json',
        ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
      },
      connectTimeoutMs,
      firstByteTimeoutMs: stallTimeoutMs,
      signal,
    };
  }

  private payload({ prompt, model, temperature, seed }: ReplyRequest, maxTokens: number) {
    // OpenAI's newer models refuse max_tokens, and most other servers know nothing else.
    const hosted = new URL(this.settings.baseUrl ?? '').hostname === 'api.openai.com';
    return {
      model: model ?? this.settings.model,
      messages: wireMessages(prompt.messages),
      stream: true,
      stream_options: { include_usage: true },
      [hosted ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
      temperature: temperature ?? this.settings.temperature,
      seed,
    };
  }
}

function healthOf(status: number): AiHealth['status'] {
  if (status === 401 || status === 403) return 'down';
  return status === 429 || status >= 500 ? 'degraded' : 'ok';
}
