import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { conversationErrors } from '../conversations.errors.js';
import { ConversationsService } from '../conversations.service.js';
import { MessagesRepository } from '../messages/messages.repository.js';
import { SummariesRepository, type SummaryRecord } from './summaries.repository.js';
import { SUMMARY_JOB, type SummaryPayload } from './summary-job.service.js';

@Injectable()
export class SummariesService {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesRepository,
    private readonly summaries: SummariesRepository,
    private readonly jobs: Jobs,
  ) {}

  /** @throws not-found also while there is none */
  async get(actor: Actor, conversationId: string): Promise<SummaryRecord> {
    await this.conversations.get(actor, conversationId);
    const summary = await this.summaries.current(conversationId);
    if (summary) return summary;
    throw platformErrors['not-found']('This conversation has not been summarized; order it with POST.');
  }

  /** The id of the job that makes it. */
  async order(actor: Actor, conversationId: string): Promise<string> {
    const { id, userId, characterId } = await this.conversations.get(actor, conversationId);
    if (!(await this.messages.newest(id))) {
      throw conversationErrors['nothing-to-summarize']('Say something first.');
    }
    const payload: SummaryPayload = { id, userId, characterId };
    const { job } = await this.jobs.enqueue(SUMMARY_JOB, { userId, key: id, payload });
    return job.id;
  }
}
