import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { CompletionsService } from '../ai/completions/completions.service.js';
import type { OpenReply, PeekedChunks } from '../ai/completions/completions.types.js';
import type { ReplyUsage } from '../ai/ai.types.js';
import type { Actor } from '../platform/actor/actor.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { newId } from '../platform/ids/ids.js';
import { Shutdown } from '../platform/shutdown/shutdown.js';
import type { UsageCounters } from '../usage/usage.dto.js';
import { UsageService } from '../usage/usage.service.js';
import type { ChatRequest } from './chat-request.js';
import { OpenAiModels } from './openai-models.service.js';

/** A reply whose first words are there: it is charged, and from here on only its end can fail. */
export interface BegunChat {
  id: string;
  /** Seconds since 1970. */
  created: number;
  /** To be returned by who reads them, whether they were read or not. */
  chunks: PeekedChunks;
  /** Of the caller and this character, as they are now; none for a bare model. */
  counters?: UsageCounters;
}

interface Charge {
  reservationId: string;
  counters: UsageCounters;
}

/** Replies over OpenAI's API: charged as messages are, stored nowhere. */
@Injectable()
export class OpenAiChat {
  private readonly log = new Logger(OpenAiChat.name);
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly models: OpenAiModels,
    private readonly completions: CompletionsService,
    private readonly usage: UsageService,
    private readonly shutdown: Shutdown,
  ) {}

  /**
   * Reserves a message of the caller's day, asks the model, and charges it with the first words. A model that fails before
   * them costs nothing.
   * @param signal aborted when the client has gone
   * @throws model-not-found, context-overflow, quota-exceeded, upstream-failed, upstream-timeout, unavailable
   */
  async begin(actor: Actor, asked: ChatRequest, signal: AbortSignal): Promise<BegunChat> {
    this.assertAccepting();
    const target = await this.models.target(actor, asked.model);
    // The model behind a character is the service's choice; of a bare one it is the caller's.
    const request = { ...asked, model: undefined, ...target, signal };
    const prompt = await this.completions.prompt(actor, request);
    const charge = 'characterId' in target ? await this.reserve(actor, target.characterId) : undefined;
    const id = `chatcmpl-${newId()}`;
    let reply: OpenReply | undefined;
    try {
      reply = await this.completions.open(prompt, request);
      if (charge) await this.usage.commitLate(charge.reservationId, { eventId: id });
    } catch (error) {
      await reply?.chunks.return();
      if (charge) await this.giveBack(charge);
      throw error;
    }
    this.follow(reply, charge && id);
    const { chunks } = reply;
    return { id, created: Math.floor(Date.now() / 1000), chunks, counters: charge?.counters };
  }

  /**
   * Replies that have begun may end before the process does; those that take too long are cut off with it. None begins
   * from now on, or there would be no end to wait for.
   */
  async finish(): Promise<void> {
    this.shutdown.enter('draining');
    const late = new AbortController();
    const tooLong = sleep(this.shutdown.workMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([Promise.allSettled([...this.running]), tooLong]);
    late.abort();
  }

  private assertAccepting(): void {
    if (!this.shutdown.draining) return;
    throw platformErrors.unavailable('This instance is shutting down; send it again.', {
      retryAfterMs: 1_000,
    });
  }

  private async reserve(actor: Actor, characterId: string): Promise<Charge> {
    const { id, counters } = await this.usage.reserve(actor, { characterId, kind: 'text' });
    return { reservationId: id, counters };
  }

  /** A reservation that cannot be given back now ends by itself. */
  private async giveBack({ reservationId }: Charge): Promise<void> {
    await this.usage
      .giveBack(reservationId)
      .catch((error: unknown) => this.log.warn({ msg: 'A reservation was not given back', err: error }));
  }

  /** Behind the answer's back: the statistics may be a moment late. */
  private follow({ ended }: OpenReply, chargedEvent: string | undefined): void {
    const over = ended
      .then((usage) => (chargedEvent ? this.usage.meter(chargedEvent, tokensOf(usage)) : undefined))
      .catch((error: unknown) => this.log.warn({ msg: 'The tokens of a reply were not noted', err: error }))
      .finally(() => this.running.delete(over));
    this.running.add(over);
  }
}

const tokensOf = ({ promptTokens, completionTokens }: ReplyUsage): number => promptTokens + completionTokens;
