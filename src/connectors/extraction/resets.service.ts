import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import { Connections } from '../connections/connections.service.js';
import { Providers } from '../registry/providers.service.js';
import type { PlatformReset } from './extraction.dto.js';
import { RESET_JOB, type PlatformOfUser } from './extraction.types.js';
import { Extractions } from './extractions.service.js';
import { ItemsRepository } from './items.repository.js';
import { SyncsRepository } from './syncs.repository.js';

interface ResetPayload extends PlatformOfUser {
  /** That were removed. */
  items: number;
}

/** Removes what was extracted of a platform, and keeps the grant. */
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

  /** What it tells of is done already: whoever follows it need not know. */
  @JobHandler(RESET_JOB)
  run({ payload }: RunningJob<ResetPayload>): Promise<{ items: number }> {
    return Promise.resolve({ items: payload.items });
  }

  private async orderOne(subject: PlatformOfUser): Promise<string> {
    const { userId, platform } = subject;
    await this.syncs.holdOrders(subject);
    // The connection first, as whoever ends it does.
    await this.connections.noteReset(userId, platform);
    await this.extractions.assertNoneActive(subject, await this.connections.lock(userId, platform));
    const items = await this.extractions.wipe(userId, platform);
    const payload: ResetPayload = { ...subject, items };
    return (await this.jobs.enqueue(RESET_JOB, { userId, payload })).job.id;
  }
}
