import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../actor/actor.js';
import { platformErrors } from '../errors/platform.errors.js';
import { clientNetwork } from '../rate-limit/client-address.js';
import { Tally } from '../rate-limit/tally.js';
import { ServerSettings } from './server.settings.js';
import { sseStream, type SseOptions, type SseSource } from './sse.js';

const RETRY_MS = 1_000;

/** The open event streams of this process; shutdown ends each with `event: shutdown`, or the server would never close. */
@Injectable()
export class SseConnections implements BeforeApplicationShutdown {
  private readonly open = new Map<AbortController, Promise<void>>();
  private readonly ofUser: Tally;
  private ended = false;

  constructor({ sseMaxPerUser }: ServerSettings) {
    this.ofUser = new Tally(sseMaxPerUser);
  }

  /** How many streams are open. */
  get size(): number {
    return this.open.size;
  }

  /**
   * As {@link sseStream}, and ended by {@link endAll}. The handler takes `@Res() reply` and awaits this.
   * @throws rate-limited for a user who has enough of them open
   */
  async stream(
    reply: FastifyReply,
    request: FastifyRequest,
    source: SseSource,
    options: SseOptions = {},
  ): Promise<void> {
    const owner = ownerOf(request);
    if (!this.ofUser.take(owner)) throw tooMany();
    const ending = new AbortController();
    const end = (): void => ending.abort();
    options.signal?.addEventListener('abort', end, { once: true });
    if (this.ended || options.signal?.aborted) end();
    const stream = sseStream(reply, request, source, { ...options, signal: ending.signal });
    this.open.set(ending, stream);
    try {
      await stream;
    } finally {
      this.ofUser.giveBack(owner);
      this.open.delete(ending);
      options.signal?.removeEventListener('abort', end);
    }
  }

  /** For work that costs something before its stream begins. @throws rate-limited as {@link stream} would now */
  assertRoom(request: FastifyRequest): void {
    const owner = ownerOf(request);
    if (!this.ofUser.take(owner)) throw tooMany();
    this.ofUser.giveBack(owner);
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

const tooMany = () =>
  platformErrors['rate-limited']('You have too many event streams open here; close some.', {
    retryAfterMs: RETRY_MS,
  });

/** The user, or the address where no user is known. */
function ownerOf(request: FastifyRequest): string {
  const { actor } = request as FastifyRequest & { actor?: Actor };
  return actor ? `user ${actor.id}` : `address ${clientNetwork(request.ip)}`;
}
