import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.js';
import { EventLog } from '../events/event-log.service.js';
import type { Job } from './job.js';
import { JobHandlers } from './job-handlers.js';
import { JobRefusals } from './job-refusals.service.js';
import { jobEvent, jobStream, ownerStream } from './jobs.events.js';
import { JobsRepository, type Claim, type ClaimRequest, type Release } from './jobs.repository.js';

/** The job that somebody is just being told of. */
interface Deaf {
  job?: Job;
}

/**
 * The one way that jobs come to workers and back. Who shows one hears of it in the transaction that does it: what they
 * have kept of it is void before anybody can read the row anew, also if this process is gone right after the commit.
 */
@Injectable()
export class JobMoves {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly refusals: JobRefusals,
    private readonly database: Database,
    private readonly events: EventLog,
  ) {}

  /**
   * Undefined when there is none to be taken. Refused when there is one, and who shows it cannot hear of it: then another
   * one may be next.
   */
  async claim(request: ClaimRequest): Promise<Job | 'refused' | undefined> {
    // Most looks find nothing, and need no transaction for that.
    if (request.id === undefined && !(await this.jobs.hasDue(request))) return undefined;
    const deaf: Deaf = {};
    try {
      return await this.database.transaction(() => this.take(request, deaf));
    } catch (error) {
      if (!deaf.job) throw error;
      await this.refusals.note(deaf.job, error);
      return 'refused';
    }
  }

  private async take(request: ClaimRequest, deaf: Deaf): Promise<Job | undefined> {
    deaf.job = undefined;
    const claimed = await this.jobs.claim(request);
    if (!claimed) return undefined;
    deaf.job = claimed;
    await this.handlers.moved(claimed);
    deaf.job = undefined;
    return claimed;
  }

  /** False when the claim was lost. */
  async release(job: Job, release: Release): Promise<boolean> {
    const released = await this.database.transaction(async () => {
      const isReleased = await this.jobs.release(job, release);
      if (isReleased) await this.handlers.moved(job);
      return isReleased;
    });
    // It is given back, whether anybody hears of it or not.
    if (released)
      await this.tell(job).catch((error: unknown) =>
        this.logger.warn({ err: error, jobId: job.id }, 'That a job was given back was not told'),
      );
    return released;
  }

  /**
   * Tells how the job stands: to those who follow it, and to its owner's devices as it happens. Nobody takes or ends it
   * meanwhile, so that nothing is told late. False when the claim was lost: then nothing is told.
   */
  tell(claim: Claim): Promise<boolean> {
    return this.database.transaction(async () => {
      const job = await this.jobs.hold(claim);
      if (!job) return false;
      const event = jobEvent(job);
      await this.events.append({ stream: jobStream(job.id), ...event });
      if (job.userId) await this.events.signal({ stream: ownerStream(job.userId), ...event });
      return true;
    });
  }
}
