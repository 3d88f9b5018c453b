import { CacheEvict } from '@rapport/cache';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { ReportedProgress } from '../../platform/jobs/monotone-progress.js';
import { Connections } from '../connections/connections.service.js';
import { extractionJob } from '../connectors.cache.js';
import { connectorErrors } from '../connectors.errors.js';
import { SoulSignatures } from '../signature/signatures.service.js';
import { MAX_ITEMS } from './extraction-pages.js';
import type {
  ExtractionCheckpoint,
  ExtractionPayload,
  ExtractionRun,
  KindOfPlatform,
} from './extraction.types.js';
import { ItemsRepository } from './items.repository.js';
import type { StoredItem } from './items.rules.js';
import { SyncsRepository } from './syncs.repository.js';

const ofRun = ({ id }: ExtractionRun): [string] => [id];

/**
 * What a run of an extraction writes: always together with its checkpoint, only while the job is still the worker's, and
 * only while the connection is still the one that it was ordered for.
 */
@Injectable()
export class ExtractionStore {
  constructor(
    private readonly database: Database,
    private readonly connections: Connections,
    private readonly items: ItemsRepository,
    private readonly syncs: SyncsRepository,
    private readonly signatures: SoulSignatures,
  ) {}

  /** @throws not-connected, JobStopped */
  @CacheEvict(extractionJob, ofRun)
  async keep(
    job: ExtractionRun,
    at: ExtractionCheckpoint,
    items: readonly StoredItem[],
    progress: ReportedProgress,
  ): Promise<void> {
    await this.database.transaction(async () => {
      await this.assertConnected(job.payload);
      await this.items.upsert(job.payload, job.id, items);
      await job.save(at, progress);
    });
  }

  /** After the last page. @throws not-connected, JobStopped */
  @CacheEvict(extractionJob, ofRun)
  async finish(job: ExtractionRun, at: ExtractionCheckpoint): Promise<ExtractionCheckpoint> {
    const { payload, id } = job;
    return this.database.transaction(async () => {
      await this.assertConnected(payload);
      // What was not reached may still be there.
      const isWhole = payload.full === true && !at.truncated;
      const gone = isWhole ? await this.items.removeUnseen(payload, id) : 0;
      if (gone > 0) await this.signatures.inputsRemoved(payload.userId);
      if (await this.leavesNoGap(payload)) await this.syncs.note(payload, id, new Date(at.beganAt));
      const end = { ...at, removed: at.removed + gone };
      await job.save(end);
      return end;
    });
  }

  /** Inside the transaction that ends a job, whichever way: a kind is bounded also where no run comes to its end. */
  async trim(kind: KindOfPlatform): Promise<void> {
    if ((await this.items.removeBeyond(kind, MAX_ITEMS)) > 0) {
      await this.signatures.inputsRemoved(kind.userId);
    }
  }

  /** Whoever reads on from where this run began misses nothing that came before what it read. */
  private async leavesNoGap(payload: ExtractionPayload): Promise<boolean> {
    if (payload.since === undefined) return true;
    const readThrough = await this.syncs.readThrough(payload);
    return readThrough !== undefined && Date.parse(payload.since) <= readThrough.getTime();
  }

  /** It stays until the transaction ends: whoever disconnects waits, and removes what is written here. */
  private async assertConnected({ userId, platform, connectedAt }: ExtractionPayload): Promise<void> {
    const connection = await this.connections.lock(userId, platform);
    if (connection?.connectedAt.getTime() === connectedAt) return;
    throw connectorErrors['not-connected'](
      connection
        ? `"${platform}" was connected anew since this was ordered; order it again.`
        : `"${platform}" was disconnected while it was read.`,
    );
  }
}
