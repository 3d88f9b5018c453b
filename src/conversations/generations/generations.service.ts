import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { UsageService } from '../../usage/usage.service.js';
import { conversationErrors } from '../conversations.errors.js';
import {
  CANCEL_REQUESTED,
  conversationRoom,
  conversationStream,
  generationStream,
  MESSAGE_CREATED,
  REPLY_COMPLETED,
  REPLY_FAILED,
  type ReplyCompleted,
  type ReplyFailed,
} from '../conversations.events.js';
import { MessageLog } from '../messages/message-log.service.js';
import { toMessage } from '../messages/messages.dto.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import type { GenerationEntity } from './generation.entity.js';
import type { CancelledGeneration } from './generations.dto.js';
import { heardOf } from './heard-reply.js';
import { GenerationsRepository, type GenerationEnd } from './generations.repository.js';

/** How long a cancel waits for the process that streams the reply before it ends the generation itself. */
const CANCEL_WAIT_MS = 4_000;

export interface Ended extends GenerationEnd {
  status: 'completed' | 'cancelled' | 'failed';
  /** Whether the model had begun to answer, which is what is charged. */
  charged: boolean;
}

/** How a reply ends that was cancelled in the queue. */
const UNSAID: Ended = { status: 'cancelled', text: '', finishReason: 'cancelled', charged: false };

/** Replies as resources: what became of them, stopping them, and the one way they end. */
@Injectable()
export class GenerationsService {
  private readonly logger = new Logger(GenerationsService.name);

  constructor(
    private readonly generations: GenerationsRepository,
    private readonly log: MessageLog,
    private readonly usage: UsageService,
    private readonly events: EventLog,
  ) {}

  async get(actor: Actor, id: string): Promise<GenerationEntity> {
    const generation = await this.generations.findOwned(actor.id, id);
    if (!generation) throw platformErrors['not-found']('There is no such generation.');
    return generation;
  }

  /** From any instance, any number of times. */
  async cancel(actor: Actor, id: string): Promise<CancelledGeneration> {
    await this.end(await this.get(actor, id));
    const { status, text } = await this.get(actor, id);
    if (status === 'cancelled') return { status, text };
    throw conversationErrors['already-completed'](`The reply has already ended: ${status}.`);
  }

  /** Nobody waits for the replies of a conversation that was deleted. */
  async stopIn(conversationId: string): Promise<void> {
    for (const generation of await this.generations.activeIn(conversationId)) {
      if (generation.status === 'queued' && (await this.conclude(generation, UNSAID))) continue;
      await this.askToStop(generation.id);
    }
  }

  /**
   * Ends a generation: stores its reply, settles its reservation, tells the clients. Whoever comes second does nothing,
   * so that there is exactly one terminal event.
   */
  async conclude(generation: GenerationEntity, { charged, ...end }: Ended): Promise<boolean> {
    const { id, conversationId, userId, characterId } = generation;
    const concluded = await this.log.conclude({ id: conversationId, userId, characterId }, generation, end);
    if (!concluded) return false;
    if (!charged) await this.giveBack(generation);

    const { message } = concluded;
    if (message) {
      await this.events.append({
        stream: conversationStream(conversationId),
        type: MESSAGE_CREATED,
        data: { message: toMessage(message) },
      });
    }
    await this.events.append({
      stream: generationStream(id),
      room: conversationRoom(conversationId),
      ...terminalEvent({ id, ...end }, message),
    });
    return true;
  }

  /** The same for a generation whose process is gone: all that was said is kept, and was charged. */
  async concludeAbandoned(
    generation: GenerationEntity,
    end: Pick<Ended, 'status' | 'finishReason' | 'error'>,
  ): Promise<void> {
    const { text } = await heardOf(this.events, generation);
    await this.conclude(generation, { ...end, text, charged: text !== '' });
  }

  private async end(generation: GenerationEntity): Promise<void> {
    if (generation.status === 'queued') {
      if (await this.conclude(generation, UNSAID)) return;
      // It had its turn meanwhile, or has ended.
    }
    const now = await this.generations.find(generation.id);
    if (now?.status === 'streaming') await this.stop(now);
  }

  private async stop({ id }: GenerationEntity): Promise<void> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), CANCEL_WAIT_MS);
    const ended = new Promise<void>((resolve) => {
      const stopListening = this.events.listen(({ event }) => {
        if (event.stream !== generationStream(id)) return;
        if (event.type === REPLY_COMPLETED || event.type === REPLY_FAILED) resolve();
      });
      waiting.signal.addEventListener('abort', () => {
        stopListening();
        resolve();
      });
    });
    await this.askToStop(id);
    await ended;
    clearTimeout(timer);
    waiting.abort();

    const now = await this.generations.find(id);
    if (now?.status !== 'streaming') return;
    await this.concludeAbandoned(now, { status: 'cancelled', finishReason: 'cancelled' });
  }

  private async askToStop(id: string): Promise<void> {
    await this.generations.requestCancel(id);
    await this.events.signal({
      stream: generationStream(id),
      type: CANCEL_REQUESTED,
      data: {},
      room: 'instances',
    });
  }

  private async giveBack({ id, reservationId }: GenerationEntity): Promise<void> {
    if (!reservationId) return;
    try {
      await this.usage.release(reservationId);
    } catch (error) {
      // It expires by itself within minutes.
      this.logger.warn(
        { err: error, generationId: id },
        'The reservation of a failed reply was not given back',
      );
    }
  }
}

/** How clients are told that a generation is over. */
export function terminalEvent(
  {
    id,
    status,
    finishReason,
    error,
    text,
    promptTokens,
    completionTokens,
  }: Pick<GenerationEntity, 'id'> & GenerationEnd,
  message: MessageRecord | null,
): { type: string; data: ReplyCompleted | ReplyFailed } {
  if (status === 'failed') {
    return { type: REPLY_FAILED, data: { generationId: id, error: error ?? {}, text } };
  }
  const usage = { promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 };
  return {
    type: REPLY_COMPLETED,
    data: {
      generationId: id,
      message: message && toMessage(message),
      usage,
      finishReason: (finishReason ?? 'stop') as ReplyCompleted['finishReason'],
    },
  };
}
