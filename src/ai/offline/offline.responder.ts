import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AiSettings } from '../ai.settings.js';
import type { AiHealth, ReplyChunk, ReplyRequest } from '../ai.types.js';
import type { ModelProvider } from '../providers/model.provider.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { composeReply } from './reply.composer.js';
import { spokenPieces } from './spoken.pieces.js';

/** Answers from the character card alone, so that everything works with no key and no network. */
@Injectable()
export class OfflineResponder implements ModelProvider {
  readonly description = 'offline responder (set AI_BASE_URL to connect a model)';

  constructor(
    private readonly settings: AiSettings,
    private readonly counter: TokenCounter,
  ) {}

  async *stream({
    prompt,
    maxTokens,
    seed,
    signal,
  }: ReplyRequest): AsyncGenerator<ReplyChunk, void, undefined> {
    signal.throwIfAborted();
    const limit = maxTokens ?? this.settings.maxTokens;
    let completionTokens = 0;
    let finishReason: 'stop' | 'length' = 'stop';
    for (const text of spokenPieces(composeReply(prompt, seed))) {
      const tokens = this.counter.count(text);
      // One piece at least: no model answers with nothing.
      if (completionTokens > 0 && completionTokens + tokens > limit) {
        finishReason = 'length';
        break;
      }
      completionTokens += tokens;
      await this.pause(signal);
      yield { type: 'delta', text };
    }
    signal.throwIfAborted();
    yield { type: 'end', finishReason, usage: { promptTokens: prompt.promptTokens, completionTokens } };
  }

  check(): Promise<AiHealth['status']> {
    return Promise.resolve('ok');
  }

  private async pause(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.settings.offlineDelayMs === 0) return;
    await sleep(this.settings.offlineDelayMs, undefined, { signal }).catch(() => {
      // The signal's own reason, as every provider throws it; the timer would say "AbortError".
      throw signal.reason;
    });
  }
}
