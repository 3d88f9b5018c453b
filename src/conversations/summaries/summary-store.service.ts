import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { ConversationRef } from '../conversation.js';
import { ChangesConversation } from '../conversations.cache.js';
import { ConversationsRepository } from '../conversations.repository.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import { SummariesRepository } from './summaries.repository.js';

@Injectable()
export class SummaryStore {
  constructor(
    private readonly database: Database,
    private readonly conversations: ConversationsRepository,
    private readonly summaries: SummariesRepository,
  ) {}

  /** Stale from the beginning where a message was changed while it was made. @throws not-found for a deleted conversation */
  @ChangesConversation()
  async keep(
    { id, userId }: ConversationRef,
    { seq: coversThroughSeq, branch, pos }: MessageRecord,
    { text, contentChanges }: { text: string; contentChanges: number },
  ): Promise<void> {
    await this.database.transaction(async () => {
      const locked = await this.conversations.lock(id, userId);
      if (!locked) throw platformErrors['not-found']('There is no such conversation.');
      const stale = locked.contentChanges !== contentChanges;
      await this.summaries.keep({ conversationId: id, text, coversThroughSeq, branch, pos, stale });
    });
  }
}
