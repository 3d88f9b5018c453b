import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import type { ConversationRef } from '../conversation.js';
import { ConversationsRepository } from '../conversations.repository.js';
import { MessagesRepository, type MessageRecord } from '../messages/messages.repository.js';
import { SummariesRepository } from './summaries.repository.js';
import { SummaryStore } from './summary-store.service.js';
import { SummaryWriter } from './summary-writer.service.js';

export const SUMMARY_JOB = 'conversation.summary';
/** Messages that are read at once. */
const BATCH = 100;

export type SummaryPayload = ConversationRef;

interface Checkpoint {
  /** The last message that is to be covered. */
  targetId: string;
  /** How often covered messages had been changed when this began. */
  contentChanges: number;
  text: string;
  throughSeq: number;
}

/** Makes a summary piece by piece, each from the one before and what was said next, so that any length will do. */
@Injectable()
export class SummaryJob {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly summaries: SummariesRepository,
    private readonly writer: SummaryWriter,
    private readonly store: SummaryStore,
    private readonly database: Database,
  ) {}

  @JobHandler(SUMMARY_JOB, { attempts: 4 })
  async summarize(job: RunningJob<SummaryPayload, Checkpoint>): Promise<{ coversThroughSeq: number }> {
    const conversation = job.payload;
    let state = job.checkpoint ?? (await this.begin(conversation.id));
    const target = await this.messages.findStored(conversation.id, state.targetId);
    const names = await this.writer.namesIn(conversation);
    for (;;) {
      const window = { after: state.throughSeq, limit: BATCH };
      const unread = await this.messages.window(conversation.id, window, target);
      const piece = this.writer.fitting(unread);
      const last = piece.at(-1);
      if (!last) break;
      const text = await this.writer.goOn(state.text, piece, names, job.signal);
      state = { ...state, text, throughSeq: last.seq };
      await job.save(state, { phase: 'reading', done: last.seq, total: target.seq });
    }
    const { text, contentChanges } = state;
    await this.database.transaction(async () => {
      await this.store.keep(conversation, target, { text, contentChanges });
      // Refused to a worker that has lost the job: what it knows must not take the place of a newer summary.
      await job.save(state);
    });
    return { coversThroughSeq: target.seq };
  }

  /** From the summary that there is, where it still holds. */
  private async begin(id: string): Promise<Checkpoint> {
    const conversation = await this.conversations.find(id);
    const target = conversation && (await this.newestBySeq(id));
    if (!target) throw platformErrors['not-found']('The conversation is empty or was deleted.');
    const { contentChanges } = conversation;
    const known = await this.summaries.current(id);
    const holds = known && !known.stale && known.coversThroughSeq <= target.seq;
    const { text, coversThroughSeq: throughSeq } = holds ? known : { text: '', coversThroughSeq: 0 };
    return { targetId: target.id, contentChanges, text, throughSeq };
  }

  private async newestBySeq(id: string): Promise<MessageRecord | undefined> {
    return (await this.messages.window(id, { limit: 1 })).at(-1);
  }
}
