import { Injectable, Logger } from '@nestjs/common';
import { AiService } from '../../ai/ai.service.js';
import type { FinishReason, Prompt, ReplyUsage } from '../../ai/ai.types.js';
import { TokenCounter } from '../../ai/tokens/token-counter.service.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { toProblem } from '../../platform/http/problem.js';
import { UsageService } from '../../usage/usage.service.js';
import type { GenerationEntity } from './generation.entity.js';
import type { Ended } from './generation-end.js';
import type { Heartbeat } from './heartbeat.js';
import { ReplyTeller } from './reply-teller.js';
import { ReplyWriter } from './reply-writer.js';

/** The abort reason of a reply that its user stopped; any other reason fails the generation. */
export const CANCELLED = Symbol('cancelled');

interface Finish {
  finishReason: FinishReason;
  usage: ReplyUsage;
}

/** What a process has of the reply that it makes. */
export interface Attempt {
  abort: AbortController;
  heartbeat: Heartbeat;
}

/** Streams one reply from the model to the event log. */
@Injectable()
export class ReplyStreaming {
  private readonly logger = new Logger(ReplyStreaming.name);

  constructor(
    private readonly ai: AiService,
    private readonly tokens: TokenCounter,
    private readonly usage: UsageService,
    private readonly events: EventLog,
  ) {}

  /** Whatever happens is an outcome: it does not throw. What was said is always emitted and part of it. */
  async stream(generation: GenerationEntity, prompt: Prompt, { abort, heartbeat }: Attempt): Promise<Ended> {
    const teller = new ReplyTeller(this.events, generation, (said) => heartbeat.keep(said));
    const writer: ReplyWriter = new ReplyWriter((offset, text) =>
      teller.delta(writer.text.slice(0, offset), text),
    );
    heartbeat.told = () => writer.told;
    // Not awaited: the log keeps the order, and the model may begin.
    teller.begin().catch((error: unknown) => abort.abort(error));
    const ended = await this.answer(generation, prompt, abort, writer);
    // First, or the end could be told before its last words.
    const isTold = (await teller.close()) && writer.isWhole;
    return { ...ended, retold: !isTold };
  }

  private async answer(
    generation: GenerationEntity,
    prompt: Prompt,
    abort: AbortController,
    writer: ReplyWriter,
  ): Promise<Ended> {
    let charged = false;
    try {
      let finish: Finish | undefined;
      const { signal } = abort;
      for await (const chunk of this.ai.stream({ ...generation.parameters, prompt, signal })) {
        if (chunk.type === 'end') {
          finish = chunk;
          continue;
        }
        if (!charged) {
          await this.charge(generation);
          charged = true;
        }
        // PostgreSQL text holds no NUL; a reply with one could be told but never stored.
        writer.say(chunk.text.replaceAll('\u0000', ''));
      }
      writer.close();
      if (!finish || writer.text === '') {
        throw platformErrors['upstream-failed']('The model gave no answer; try again.');
      }
      const { finishReason, usage } = finish;
      return { status: 'completed', text: writer.text, finishReason, ...usage, charged };
    } catch (error) {
      this.closeAfterFailure(generation.id, writer);
      const said = {
        text: writer.text,
        promptTokens: prompt.promptTokens,
        completionTokens: this.tokens.count(writer.text),
        charged,
      };
      if (abort.signal.reason === CANCELLED)
        return { status: 'cancelled', finishReason: 'cancelled', ...said };
      const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
      this.logger.warn({ err: cause, generationId: generation.id }, 'A reply failed');
      return { status: 'failed', error: toProblem(cause), ...said };
    }
  }

  private async charge({ id, reservationId }: GenerationEntity): Promise<void> {
    if (reservationId) await this.usage.commitLate(reservationId, { eventId: id });
  }

  private closeAfterFailure(generationId: string, writer: ReplyWriter): void {
    try {
      writer.close();
    } catch (error) {
      this.logger.warn({ err: error, generationId }, 'The last delta of a failed reply was not emitted');
    }
  }
}
