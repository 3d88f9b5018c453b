import { Injectable } from '@nestjs/common';
import { CacheEvict } from '@rapport/cache';
import type { Job } from '../../platform/jobs/job.js';
import { JobEnded, JobHandler, JobMoved } from '../../platform/jobs/job-handler.decorator.js';
import { Connections } from '../connections/connections.service.js';
import type { SyncStatus } from '../connections/connection.types.js';
import { extractionJob } from '../connectors.cache.js';
import { ProviderApi } from '../registry/provider-api.js';
import { ProviderBusy } from '../registry/provider-busy.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { SoulSignatures } from '../signature/signatures.service.js';
import { afterPage, beginning, failed, progressOf, readPage } from './extraction-pages.js';
import { ExtractionStore } from './extraction-store.service.js';
import {
  EXTRACT_JOB,
  type Extraction,
  type ExtractionCheckpoint,
  type ExtractionResult,
  type ExtractionRun,
} from './extraction.types.js';
import { kindOf } from './kinds.js';

/** By the platform, without a page in between. */
const MAX_REFUSALS = 24;
/** Those who wait for their turn come back one after the other. */
const TURN_SPREAD_MS = 3_000;
const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 86_400_000;

const ofJob = ({ id }: Pick<Job, 'id'>): [string] => [id];

/** Reads a platform page by page, as its declaration says, and keeps each page together with where the next one begins. */
@Injectable()
export class ExtractionRuns {
  constructor(
    private readonly providers: Providers,
    private readonly api: ProviderApi,
    private readonly store: ExtractionStore,
    private readonly connections: Connections,
    private readonly signatures: SoulSignatures,
  ) {}

  @JobHandler(EXTRACT_JOB, { attempts: 6, backoffMs: 2_000 })
  async run(job: ExtractionRun): Promise<ExtractionResult> {
    const provider = this.providers.get(job.payload.platform);
    const { steps } = kindOf(provider, job.payload.kind);
    let at = job.checkpoint ?? beginning();
    while (at.step < steps.length) {
      job.throwIfStopped();
      at = await this.readOn(job, provider, at);
    }
    const { kept, removed, truncated } = await this.store.finish(job, at);
    return { items: kept, removed, truncated };
  }

  /** Whatever way it ends; things that were kept stay. */
  @JobEnded(EXTRACT_JOB)
  @CacheEvict(extractionJob, ofJob)
  async ended({ payload, checkpoint, status, endedAt }: Extraction): Promise<void> {
    const { userId, platform, connectedAt } = payload;
    const end = { status: status as SyncStatus, at: endedAt ?? new Date(), connectedAt };
    // The connection first, as whoever ends it does.
    await this.connections.noteSync(userId, platform, end);
    if (!checkpoint || checkpoint.kept === 0) return;
    await this.store.trim(payload);
    await this.signatures.inputsChanged(userId);
  }

  /** Taken by a worker, or waiting. */
  @JobMoved(EXTRACT_JOB)
  @CacheEvict(extractionJob, ofJob)
  moved(_job: Extraction): Promise<void> {
    return Promise.resolve();
  }

  /** One page. */
  private async readOn(
    job: ExtractionRun,
    provider: ConfiguredProvider,
    before: ExtractionCheckpoint,
  ): Promise<ExtractionCheckpoint> {
    const { userId, kind, since } = job.payload;
    const { steps } = kindOf(provider, kind);
    const step = steps[before.step]!;
    const { cursor } = before;
    const path = step.path(cursor, since === undefined ? undefined : new Date(since));
    try {
      const answer = await this.api.get(provider, userId, path, job.signal, step.headers);
      const page = readPage(provider.title, step, answer, cursor);
      const { at: after, items } = afterPage(provider.title, step, before, page);
      await this.store.keep(job, after, items, progressOf(step, steps.length, { before, page, after }));
      return after;
    } catch (error) {
      job.throwIfStopped();
      if (error instanceof ProviderBusy) return this.wait(job, provider, before, error);
      throw error;
    }
  }

  /** As long as the platform says, within reason, or for its turn among others: no worker waits with it. */
  private async wait(
    job: ExtractionRun,
    { title }: ConfiguredProvider,
    at: ExtractionCheckpoint,
    { until, refused }: ProviderBusy,
  ): Promise<never> {
    const refusals = at.refusals + (refused ? 1 : 0);
    const isEnough = refusals > MAX_REFUSALS;
    // Whoever tries again, tries as often.
    await job.save({ ...at, refusals: isEnough ? 0 : refusals });
    if (isEnough) throw failed(title, `refused ${MAX_REFUSALS} times in a row to be asked`);
    const now = Date.now();
    const spread = refused ? 0 : Math.random() * TURN_SPREAD_MS;
    const wished = until.getTime() + spread;
    return job.waitUntil(new Date(Math.min(Math.max(wished, now + MIN_WAIT_MS), now + MAX_WAIT_MS)));
  }
}
