import { Injectable } from '@nestjs/common';
import { Cacheable, CacheService } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { JobLists } from '../../platform/jobs/job-lists.service.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { Page } from '../../platform/pagination/page.dto.js';
import { WarmsAtLogin } from '../../platform/warm-up/warms-at-login.decorator.js';
import { extractionJob } from '../connectors.cache.js';
import {
  toExtractionJob,
  toJobStatus,
  type ExtractionJob,
  type ExtractionJobsQuery,
} from './extraction.dto.js';
import { EXTRACT_JOB, isExtraction, type Extraction } from './extraction.types.js';

const LIST = 'extraction-jobs';
/** Those that somebody may look at after a login. */
const WARMED = 5;

/** Extractions as their owners see them. */
@Injectable()
export class ExtractionJobs {
  constructor(
    private readonly jobs: Jobs,
    private readonly lists: JobLists,
    private readonly cache: CacheService,
  ) {}

  /** @throws not-found for one that is somebody else's */
  async get(actor: Actor, id: string): Promise<Extraction> {
    const job = await this.find(id);
    if (job && job.userId === actor.id) return job;
    throw platformErrors['not-found']('There is no such extraction.');
  }

  list(actor: Actor, { platform, status, ...request }: ExtractionJobsQuery): Promise<Page<ExtractionJob>> {
    const filter = {
      userId: actor.id,
      kind: EXTRACT_JOB,
      status: toJobStatus(status),
      payload: platform === undefined ? undefined : { platform },
    };
    return this.lists.page(LIST, filter, request, (job) => toExtractionJob(job as Extraction));
  }

  /** Any number of times; nothing happens to one that has ended. @throws not-found */
  async cancel(actor: Actor, id: string): Promise<Extraction> {
    await this.get(actor, id);
    return (await this.jobs.cancel(actor, id)) as Extraction;
  }

  @WarmsAtLogin()
  async warm(userId: string): Promise<void> {
    const filter = { userId, kind: EXTRACT_JOB };
    const { items } = await this.lists.page(LIST, filter, { limit: WARMED }, ({ id }): [string] => [id]);
    await this.cache.for(extractionJob).warm(items, (id) => this.load(id));
  }

  /** Whoever owns it. Ids that are none are not kept: anybody may invent them. */
  @Cacheable(extractionJob, { unless: (job) => job === null })
  protected find(id: string): Promise<Extraction | null> {
    return this.load(id);
  }

  private async load(id: string): Promise<Extraction | null> {
    const job = await this.jobs.find(id);
    return isExtraction(job) ? job : null;
  }
}
