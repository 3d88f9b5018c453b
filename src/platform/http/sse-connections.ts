import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sseStream, type SseOptions, type SseSource } from './sse.js';

/** The open event streams of this process; shutdown ends each with `event: shutdown`, or the server would never close. */
@Injectable()
export class SseConnections implements BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private readonly open = new Set<Promise<void>>();

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
    const { signal: own } = options;
    const signal = own ? AbortSignal.any([own, this.ending.signal]) : this.ending.signal;
    const stream = sseStream(reply, request, source, { ...options, signal });
    this.open.add(stream);
    try {
      await stream;
    } finally {
      this.open.delete(stream);
    }
  }

  async endAll(): Promise<void> {
    this.ending.abort();
    await Promise.allSettled(this.open);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.endAll();
  }
}
