import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/job.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { Disconnections } from '../connections/disconnecting.js';
import { SoulSignatures } from '../signature/signatures.service.js';
import { EXTRACT_JOB, RESET_JOB, type PlatformOfUser } from './extraction.types.js';
import { ItemsRepository, positionOf, type ExtractedInput, type ItemPosition } from './items.repository.js';
import { SyncsRepository } from './syncs.repository.js';

const BATCH = 1_000;

/** What was extracted of people, for those who work with it and those who end it. */
@Injectable()
export class Extractions implements OnModuleInit {
  constructor(
    private readonly items: ItemsRepository,
    private readonly syncs: SyncsRepository,
    private readonly signatures: SoulSignatures,
    private readonly jobs: Jobs,
    private readonly database: Database,
    private readonly disconnections: Disconnections,
  ) {}

  onModuleInit(): void {
    this.disconnections.onDisconnect((userId, platform) => this.end(userId, platform));
  }

  /** Of one platform, or of all. One that runs ends when it notices. */
  async cancelAll(userId: string, platform?: string): Promise<void> {
    const active = await this.activeOf(userId, platform);
    for (const { id } of active) await this.jobs.stop(id);
  }

  /** Extractions and resets that have not ended. */
  async activeOf(userId: string, platform?: string): Promise<Job[]> {
    const active = await this.jobs.activeOf(userId, [EXTRACT_JOB, RESET_JOB]);
    return active.filter(
      ({ payload }) => platform === undefined || (payload as PlatformOfUser).platform === platform,
    );
  }

  /** Removes what was extracted of a platform, as a whole. Answers how many things there were. */
  wipe(userId: string, platform: string): Promise<number> {
    const owner = { userId, platform };
    return this.database.transaction(async () => {
      await this.syncs.forget(owner);
      const count = await this.items.removeOf(owner);
      if (count > 0) await this.signatures.inputsRemoved(userId);
      return count;
    });
  }

  /** Everything that was extracted of a user, in batches that are read as they are asked for. */
  async *inputsOf(userId: string): AsyncGenerator<ExtractedInput[]> {
    let after: ItemPosition | undefined;
    for (;;) {
      const batch = await this.items.page(userId, after, BATCH);
      if (batch.length > 0) yield batch;
      const last = batch.at(-1);
      if (!last || batch.length < BATCH) return;
      after = positionOf(last);
    }
  }

  /** Inside the transaction that ends a connection. A job that runs on finds none, and writes nothing more. */
  private async end(userId: string, platform: string): Promise<void> {
    await this.wipe(userId, platform);
    void this.database.afterCommit(() => this.cancelAll(userId, platform));
  }
}
