import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { MessagePaths } from '../messages/message-paths.repository.js';
import type { MessageRecord } from '../messages/messages.repository.js';
import { SummaryEntity } from './summary.entity.js';

/** A summary as services pass it on and caches keep it: plain data. */
export type SummaryRecord = Readonly<SummaryEntity>;

@Injectable()
export class SummariesRepository {
  constructor(
    private readonly database: Database,
    private readonly paths: MessagePaths,
  ) {}

  async find(conversationId: string): Promise<SummaryRecord | undefined> {
    const row = await this.database.manager.findOneBy(SummaryEntity, { conversationId });
    return row ? { ...row } : undefined;
  }

  /** Stale as well while another branch than the one it tells of is shown. */
  async current(conversationId: string): Promise<SummaryRecord | undefined> {
    const summary = await this.find(conversationId);
    if (!summary || summary.stale) return summary;
    return { ...summary, stale: !(await this.paths.isShown(summary)) };
  }

  /** The one that tells what was said before a message; undefined where there is none, or it is stale. */
  async before(message: MessageRecord): Promise<SummaryRecord | undefined> {
    const summary = await this.find(message.conversationId);
    if (!summary || summary.stale || summary.coversThroughSeq >= message.seq) return undefined;
    return (await this.paths.isBefore(summary, message)) ? summary : undefined;
  }

  /** In place of the one before. */
  async keep(summary: Omit<SummaryRecord, 'createdAt'>): Promise<void> {
    const row = { ...summary, createdAt: () => 'now()' };
    await this.database.manager.upsert(SummaryEntity, row, ['conversationId']);
  }

  /** After a change of a message: a summary that covers it is stale. */
  async outdate(message: MessageRecord): Promise<void> {
    const summary = await this.find(message.conversationId);
    if (!summary || summary.stale || message.seq > summary.coversThroughSeq) return;
    if (!(await this.paths.isBefore(message, summary))) return;
    const { conversationId } = message;
    await this.database.manager.update(SummaryEntity, { conversationId }, { stale: true });
  }
}
