import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { AppError, type ErrorKind, STATUS_OF_KIND } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { LogEvent } from '../../platform/events/event-log.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import type { Problem } from '../../platform/http/problem.js';
import type { SseEvent } from '../../platform/http/sse.js';
import { endsReply, generationStream, REPLY_SNAPSHOT, type ReplySnapshot } from '../conversations.events.js';
import { toMessage, type Message, type TokenUsage } from '../messages/messages.dto.js';
import { MessagesRepository } from '../messages/messages.repository.js';
import type { GenerationEntity } from './generation.entity.js';
import { GenerationRunner } from './generation-runner.service.js';
import { GenerationsRepository } from './generations.repository.js';
import { terminalEvent } from './generation-end.js';
import { GenerationsService } from './generations.service.js';

/** Where a client stands in a generation's stream: `<epoch>.<seq>`, as SSE ids carry it. */
export interface StreamPosition {
  epoch: string;
  after: number;
}

const SNAPSHOT_MS = 500;
const isOver = ({ status }: GenerationEntity): boolean => status !== 'queued' && status !== 'streaming';

/** The events of a reply for those who follow it over HTTP. */
@Injectable()
export class ReplyEvents {
  constructor(
    private readonly generations: GenerationsService,
    private readonly rows: GenerationsRepository,
    private readonly messages: MessagesRepository,
    private readonly events: EventLog,
    private readonly runner: GenerationRunner,
  ) {}

  /**
   * Opens the stream after a position. Undefined: the reply has ended and the client has seen all of it.
   * @throws not-found; stream-expired when the reply has ended and its events are no longer kept
   */
  async open(
    actor: Actor,
    id: string,
    position: StreamPosition | undefined,
  ): Promise<((signal: AbortSignal) => AsyncIterable<SseEvent>) | undefined> {
    const generation = await this.generations.get(actor, id);
    const from = position ?? { after: 0 };
    const { status, head, events } = await this.events.read(generationStream(id), { ...from, limit: 1 });
    if (isOver(generation)) {
      if (status !== 'ok' || head === 0) {
        throw platformErrors['stream-expired']('The events are no longer kept; read the generation itself.');
      }
      if (events.length === 0 && (await this.endsAt(id, head))) return undefined;
    }
    return (signal) => this.follow(id, from, signal);
  }

  fromStart(id: string, signal: AbortSignal): AsyncIterable<SseEvent> {
    return this.follow(id, { after: 0 }, signal);
  }

  /**
   * Waits for the whole reply.
   * @throws the problem that a failed generation ended with
   */
  async untilEnded(actor: Actor, id: string): Promise<{ reply: Message | null; usage: TokenUsage }> {
    const done = new AbortController();
    try {
      const followed = this.followed(id, done.signal);
      // A reply of this process needs no log to say that it is over.
      const own = this.runner.whenDone(id);
      if (own) await Promise.race([followed, own]);
      if (!own || !(await this.isOver(id))) await followed;
    } finally {
      done.abort();
    }
    const generation = await this.generations.get(actor, id);
    if (generation.status === 'failed') throw asError(generation.error);
    const message = await this.messages.find(generation.conversationId, generation.replyMessageId);
    return {
      reply: message ? toMessage(message) : null,
      usage: {
        promptTokens: generation.promptTokens ?? 0,
        completionTokens: generation.completionTokens ?? 0,
      },
    };
  }

  private async followed(id: string, signal: AbortSignal): Promise<void> {
    const stream = this.follow(id, { after: 0 }, signal);
    while (!(await stream.next()).done);
  }

  private async *follow(
    id: string,
    from: { epoch?: string; after: number },
    signal: AbortSignal,
  ): AsyncGenerator<SseEvent> {
    let overdue = false;
    for await (const followed of this.events.follow(generationStream(id), from, signal)) {
      if (followed.kind === 'idle') {
        // Between a reply's last word in the database and in the log its process may die, or lose Redis. The second
        // look leaves one that is only slow the time to tell.
        const over = await this.isOver(id);
        if (over && overdue) {
          yield* this.afterLoss(id, signal);
          return;
        }
        overdue = over;
        continue;
      }
      if (followed.kind === 'lost') {
        yield* this.afterLoss(id, signal);
        return;
      }
      yield toSseEvent(followed.event);
      if (endsReply(followed.event.type)) return;
    }
  }

  private async isOver(id: string): Promise<boolean> {
    const generation = await this.rows.find(id);
    return !generation || isOver(generation);
  }

  /** Whether the log holds how the reply ended. */
  private async endsAt(id: string, head: number): Promise<boolean> {
    const { events } = await this.events.read(generationStream(id), { after: head - 1, limit: 1 });
    return events.some(({ type }) => endsReply(type));
  }

  /**
   * Events that the client needs are gone (Redis lost them). What the heartbeats store of the text takes their place,
   * as snapshots, until the reply is over.
   */
  private async *afterLoss(id: string, signal: AbortSignal): AsyncGenerator<SseEvent> {
    let told: string | undefined;
    while (!signal.aborted) {
      const generation = await this.rows.find(id);
      if (!generation) return;
      if (generation.text !== told) {
        told = generation.text;
        yield {
          event: REPLY_SNAPSHOT,
          data: { generationId: id, offset: 0, text: told } satisfies ReplySnapshot,
        };
      }
      if (isOver(generation)) {
        const message = await this.messages.find(generation.conversationId, generation.replyMessageId);
        const reply = message ? { message, active: await this.messages.isShown(message) } : null;
        const { type, data } = terminalEvent(generation, reply);
        yield { event: type, data };
        return;
      }
      await sleep(SNAPSHOT_MS);
    }
  }
}

/** `<epoch>.<seq>`; undefined when it is not one. */
export function parsePosition(text: string): StreamPosition | undefined {
  const dot = text.lastIndexOf('.');
  const after = Number(text.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(after) || after < 0) return undefined;
  return { epoch: text.slice(0, dot), after };
}

const toSseEvent = ({ epoch, seq, type, data }: LogEvent): SseEvent => ({
  id: `${epoch}.${seq}`,
  event: type,
  data,
});

function asError(problem: Record<string, unknown> | null): AppError {
  const { code = 'internal', status = 500, title = '', detail = '' } = (problem ?? {}) as Partial<Problem>;
  const kind =
    Object.entries(STATUS_OF_KIND).find(([, candidate]) => candidate === status)?.[0] ?? 'internal';
  return new AppError(code, kind as ErrorKind, title, detail, {
    retryAfterMs: problem?.['retryAfterMs'] as number,
  });
}
