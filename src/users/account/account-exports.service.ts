import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { JobStatus } from '../../platform/jobs/job.js';
import { JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { PeriodicTasks } from '../../platform/jobs/periodic.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import type { AttemptLimiter } from '../../platform/rate-limit/attempt-limiter.js';
import { RateLimiters } from '../../platform/rate-limit/rate-limiters.js';
import { UserData } from '../../platform/user-data/user-data.js';
import { UsersSettings } from '../users.settings.js';
import { ExportsRepository, type ExportRow } from './exports.repository.js';

const KIND = 'account.export';
const ORDERS_PER_HOUR = 10;
const SWEEP_EVERY_MS = 600_000;

/** Where the next batch goes on. */
interface Position {
  source: number;
  after?: string;
  parts: number;
}

export interface AccountExport extends ExportRow {
  status: JobStatus;
}

/** Everything of a person, gathered by a job and kept for some days: one at a time, the newest only. */
@Injectable()
export class AccountExports implements OnApplicationBootstrap {
  private readonly limiter: AttemptLimiter;

  constructor(
    private readonly database: Database,
    private readonly exports: ExportsRepository,
    private readonly jobs: Jobs,
    private readonly data: UserData,
    private readonly periodic: PeriodicTasks,
    private readonly settings: UsersSettings,
    limiters: RateLimiters,
  ) {
    this.limiter = limiters.create({
      name: 'exports',
      points: ORDERS_PER_HOUR,
      windowMs: 3_600_000,
      what: 'exports',
    });
  }

  onApplicationBootstrap(): void {
    this.periodic.every('account exports', SWEEP_EVERY_MS, () => this.exports.deleteExpired());
  }

  /** @returns the id of the job, that of the running one if there is one @throws rate-limited */
  async request({ id: userId }: Actor): Promise<string> {
    await this.limiter.consume(userId);
    return this.database.transaction(async () => {
      const { job, isNew } = await this.jobs.enqueue(KIND, { userId, key: userId, payload: { userId } });
      if (isNew) {
        const expiresAt = new Date(Date.now() + this.settings.exportsKeptMs);
        await this.exports.insert(job.id, userId, expiresAt);
        await this.exports.deleteOf(userId, job.id);
      }
      return job.id;
    });
  }

  /** @throws not-found for one that is somebody else's, or has expired */
  async get(actor: Actor, id: string): Promise<AccountExport> {
    const row = await this.exports.findOwned(actor.id, id);
    if (!row) throw platformErrors['not-found']('There is no such export, or not any more.');
    const { status } = await this.jobs.get(actor, id);
    return { ...row, status: row.readyAt ? 'succeeded' : status };
  }

  /** The files, in parts. @throws not-found, conflict before it is ready */
  async parts(actor: Actor, id: string): Promise<AsyncIterable<{ file: string; content: Buffer }>> {
    const { readyAt, status } = await this.get(actor, id);
    if (readyAt) return this.read(id);
    throw platformErrors.conflict(`The export is not ready; its job is ${status}.`);
  }

  @JobHandler(KIND, { attempts: 5, concurrency: 2 })
  protected async run(job: RunningJob<{ userId: string }, Position>): Promise<object> {
    const { userId } = job.payload;
    const sources = this.data.exports;
    let position: Position = job.checkpoint ?? { source: 0, parts: 0 };
    for (let source = sources[position.source]; source; source = sources[position.source]) {
      job.throwIfStopped();
      const { parts, next } = await source.export(userId, position.after);
      const following: Position =
        next === undefined
          ? { source: position.source + 1, parts: position.parts + parts.length }
          : { source: position.source, after: next, parts: position.parts + parts.length };
      const first = position.parts;
      const done = following.source;
      await this.database.transaction(async () => {
        for (const [index, { file, content }] of parts.entries()) {
          await this.exports.addPart(job.id, first + index, file, Buffer.from(content));
        }
        await job.save(following, { phase: source.name, done, total: sources.length });
      });
      position = following;
    }
    await this.exports.markReady(job.id);
    return { contentUrl: exportContentUrl(job.id) };
  }

  private async *read(id: string): AsyncGenerator<{ file: string; content: Buffer }> {
    for (let position = 0; ; position++) {
      const part = await this.exports.part(id, position);
      if (!part) return;
      yield part;
    }
  }
}

export const exportContentUrl = (id: string): string => `/api/users/me/exports/${id}/content`;
