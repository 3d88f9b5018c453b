import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import { AiService } from '../../ai/ai.service.js';
import { TokenCounter } from '../../ai/tokens/token-counter.service.js';
import { conversationContext, type Context } from '../conversations.cache.js';
import { MessagesRepository, type MessageRecord } from '../messages/messages.repository.js';
import { SummariesRepository } from '../summaries/summaries.repository.js';

/** Messages that are read first; most windows hold no more. */
const FIRST_PAGE = 50;
/** Messages that a prompt can ever look back on. */
const MAX_HISTORY = 400;

/** What prompts look back on. What one costs depends on the largest window, not on how long the conversation is. */
@Injectable()
export class PromptContexts {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly summaries: SummariesRepository,
    private readonly ai: AiService,
    private readonly counter: TokenCounter,
  ) {}

  /** For the newest message that is shown; undefined in an empty conversation. */
  @Cacheable(conversationContext)
  async newest(conversationId: string): Promise<Context | undefined> {
    const newest = await this.messages.newest(conversationId);
    return newest && this.upTo(newest);
  }

  /** For any message: the cached one where it is the newest. */
  async before(answered: MessageRecord): Promise<Context> {
    const newest = await this.newest(answered.conversationId);
    return newest?.answeredId === answered.id ? newest : this.upTo(answered);
  }

  private async upTo(answered: MessageRecord): Promise<Context> {
    const room = this.ai.largestWindow;
    for (let limit = FIRST_PAGE; ; limit = Math.min(limit * 4, MAX_HISTORY)) {
      // One more than wanted tells whether there is more.
      const read = await this.messages.historyUpTo(answered, limit + 1);
      const history = read.slice(-limit);
      const isEnough = read.length <= limit || limit === MAX_HISTORY || this.tokensOf(history) >= room;
      if (!isEnough) continue;
      const summary = await this.summaries.before(answered);
      return {
        answeredId: answered.id,
        history,
        hasEarlier: read.length > limit,
        ...(summary && { summary: { text: summary.text, coversThroughSeq: summary.coversThroughSeq } }),
      };
    }
  }

  private tokensOf(history: Context['history']): number {
    return history.reduce((sum, { text }) => sum + this.counter.count(text), 0);
  }
}
