import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { conversationErrors } from '../conversations.errors.js';
import { CANCEL_REQUESTED, endsReply, generationStream } from '../conversations.events.js';
import { MessageLog } from '../messages/message-log.service.js';
import type { Ended } from './generation-end.js';
import type { GenerationEntity } from './generation.entity.js';
import type { CancelledGeneration } from './generations.dto.js';
import { heardOf } from './heard-reply.js';
import { GenerationsRepository } from './generations.repository.js';

/** How long a cancel waits for the process that streams the reply before it ends the generation itself. */
const CANCEL_WAIT_MS = 4_000;

/** How a reply ends that was cancelled in the queue. */
const UNSAID: Ended = { status: 'cancelled', text: '', finishReason: 'cancelled', charged: false };

/** Replies as resources: what became of them, stopping them, and the one way they end. */
@Injectable()
export class GenerationsService {
  constructor(
    private readonly generations: GenerationsRepository,
    private readonly log: MessageLog,
    private readonly events: EventLog,
    private readonly outbox: EventOutbox,
  ) {}

  async get(actor: Actor, id: string): Promise<GenerationEntity> {
    const generation = await this.generations.findOwned(actor.id, id);
    if (!generation) throw platformErrors['not-found']('There is no such generation.');
    return generation;
  }

  /** As {@link get}, with all that was told of a reply that is on its way: no older than what its stream says. */
  async progress(actor: Actor, id: string): Promise<GenerationEntity> {
    const generation = await this.get(actor, id);
    if (generation.status !== 'streaming') return generation;
    return { ...generation, text: (await heardOf(this.events, generation)).text };
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

  /** Whoever comes second does nothing, so that there is exactly one terminal event. */
  conclude(generation: GenerationEntity, end: Ended): Promise<boolean> {
    const { conversationId: id, userId, characterId } = generation;
    return this.outbox.telling(() => this.log.conclude({ id, userId, characterId }, generation, end));
  }

  /** The same for a generation whose process is gone: all that was said is kept, and was charged. */
  async concludeAbandoned(
    generation: GenerationEntity,
    end: Pick<Ended, 'status' | 'finishReason' | 'error'>,
  ): Promise<void> {
    // A process that only hung may come back: what it said after this would be heard and not stored.
    await this.events.seal(generationStream(generation.id));
    const { text } = await heardOf(this.events, generation);
    await this.conclude(generation, { ...end, text, charged: text !== '', retold: true });
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
      const stopListening = this.events.listenTo(generationStream(id), ({ event }) => {
        if (endsReply(event.type)) resolve();
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
}
