import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sseStream, type SseOptions, type SseSource } from './sse.js';

/** The open event streams of this process; shutdown ends each with `event: shutdown`, or the server would never close. */
@Injectable()
export class SseConnections implements BeforeApplicationShutdown {
  private readonly open = new Map<AbortController, Promise<void>>();
  private ended = false;

  /** How many streams are open. */
  get size(): number {
    return this.open.size;
  }

  /** As {@link sseStream}, and ended by {@link endAll}. The handler takes `@Res() reply` and awaits this. */
  async stream(
    reply: FastifyReply,
    request: FastifyRequest,
    source: SseSource,
    options: SseOptions = {},
  ): Promise<void> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    options.signal?.addEventListener('abort', end, { once: true });
    if (this.ended || options.signal?.aborted) end();
    const stream = sseStream(reply, request, source, { ...options, signal: ending.signal });
    this.open.set(ending, stream);
    try {
      await stream;
    } finally {
      this.open.delete(ending);
      options.signal?.removeEventListener('abort', end);
    }
  }

  /** Ends every stream with `event: shutdown`, later ones too. */
  async endAll(): Promise<void> {
    this.ended = true;
    for (const ending of this.open.keys()) ending.abort();
    await Promise.allSettled(this.open.values());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.endAll();
  }
}
