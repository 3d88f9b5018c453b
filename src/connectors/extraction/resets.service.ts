import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import { Connections } from '../connections/connections.service.js';
import { Providers } from '../registry/providers.service.js';
import { assertNoneActive } from './active-jobs.js';
import type { PlatformReset } from './extraction.dto.js';
import { RESET_JOB, type PlatformOfUser } from './extraction.types.js';
import { Extractions } from './extractions.service.js';
import { ItemsRepository } from './items.repository.js';
import { SyncsRepository } from './syncs.repository.js';

/**
 * Removes what was extracted of a platform and keeps the grant. From the order on nothing shows that something was read;
 * the rows go in a job.
 */
@Injectable()
export class Resets {
  constructor(
    private readonly providers: Providers,
    private readonly connections: Connections,
    private readonly extractions: Extractions,
    private readonly items: ItemsRepository,
    private readonly syncs: SyncsRepository,
    private readonly jobs: Jobs,
    private readonly database: Database,
  ) {}

  /** The id of the job. @throws not-found, job-active */
  order({ id: userId }: Actor, platform: string): Promise<string> {
    this.providers.get(platform);
    return this.database.transaction(() => this.orderOne({ userId, platform }));
  }

  /** Every platform that is connected or of which there is something, or none of them. @throws job-active */
  orderAll(userId: string): Promise<PlatformReset[]> {
    return this.database.transaction(async () => {
      const { records } = await this.connections.statusOf(userId);
      const connected = records.filter(({ account }) => account !== null);
      const platforms = new Set(connected.map(({ platform }) => platform));
      for (const platform of await this.items.platformsOf(userId)) platforms.add(platform);
      const ordered: PlatformReset[] = [];
      // In one order, for each holds the orders of its platform until the end.
      for (const platform of [...platforms].sort())
        ordered.push({ platform, jobId: await this.orderOne({ userId, platform }) });
      return ordered;
    });
  }

  @JobHandler(RESET_JOB, { attempts: 6 })
  async run(job: RunningJob<PlatformOfUser>): Promise<{ items: number }> {
    const { userId, platform } = job.payload;
    return this.database.transaction(async () => {
      const items = await this.extractions.wipe(userId, platform);
      await job.save({}, { phase: 'removing' });
      return { items };
    });
  }

  private async orderOne(subject: PlatformOfUser): Promise<string> {
    const { userId, platform } = subject;
    await this.syncs.holdOrders(subject);
    await assertNoneActive(this.extractions, subject);
    // The connection first, as whoever ends it does.
    await this.connections.noteReset(userId, platform);
    await this.syncs.forget(subject);
    const order = { userId, key: `${userId}:${platform}`, payload: subject };
    return (await this.jobs.enqueue(RESET_JOB, order)).job.id;
  }
}
