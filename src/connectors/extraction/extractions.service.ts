import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { LockedAccount } from '../connections/accounts.repository.js';
import { Disconnections } from '../connections/disconnecting.js';
import { connectorErrors } from '../connectors.errors.js';
import { SoulSignatures } from '../signature/signatures.service.js';
import { toExtractionJob } from './extraction.dto.js';
import { EXTRACT_JOB, isExtraction, type Extraction, type PlatformOfUser } from './extraction.types.js';
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

  /**
   * Inside the transaction of an order, by whoever holds the orders of the platform: an extraction excludes others of its
   * kind, and a reset (which has no kind) all of the platform. Those of a connection that is no more are stopped after the
   * commit, and in nobody's way.
   * @throws job-active with the job
   */
  async assertNoneActive(
    { userId, platform, kind }: PlatformOfUser & { kind?: string },
    connection: Pick<LockedAccount, 'connectedAt'> | undefined,
  ): Promise<void> {
    const connectedAt = connection?.connectedAt.getTime();
    const active = await this.activeOf(userId, platform);
    const left = active.filter(({ payload }) => payload.connectedAt !== connectedAt);
    const inTheWay = active.find(
      ({ payload }) => payload.connectedAt === connectedAt && (kind === undefined || payload.kind === kind),
    );
    if (inTheWay) throw isActive(inTheWay);
    void this.database.afterCommit(() => this.stop(left));
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
    // Those of the connection that ends: another one may have its own as soon as this is committed.
    const active = await this.activeOf(userId, platform);
    void this.database.afterCommit(() => this.stop(active));
  }

  private async activeOf(userId: string, platform: string): Promise<Extraction[]> {
    const active = await this.jobs.activeOf(userId, [EXTRACT_JOB]);
    return active.filter(isExtraction).filter(({ payload }) => payload.platform === platform);
  }

  private async stop(jobs: readonly Extraction[]): Promise<void> {
    for (const { id } of jobs) await this.jobs.stop(id);
  }
}

function isActive(job: Extraction): Error {
  const { kind, platform } = job.payload;
  return connectorErrors['job-active'](
    `An extraction of "${kind}" from "${platform}" is active; wait for its end, or cancel it.`,
    { members: { job: toExtractionJob(job) } },
  );
}
