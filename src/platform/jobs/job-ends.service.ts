import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { EventOutbox } from '../events/event-outbox.service.js';
import type { Job, JobEnd } from './job.js';
import { JobHandlers } from './job-handlers.js';
import { jobEvent, jobStream, ownerStream } from './jobs.events.js';
import { JobsRepository, type Claim } from './jobs.repository.js';

/** The one way jobs end: whoever comes second does nothing, so that exactly one end is told. */
@Injectable()
export class JobEnds {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** Undefined when the claim was lost. */
  end(claim: Claim, end: JobEnd): Promise<Job | undefined> {
    return this.telling(() => this.jobs.end(claim, end));
  }

  /** Undefined when a worker has it. */
  endIdle(id: string, end: JobEnd): Promise<Job | undefined> {
    return this.telling(() => this.jobs.endIdle(id, end));
  }

  /** Of one that is as it was under this fence, whoever had it then. Undefined when somebody has taken it since. */
  endUntaken(claim: Claim, end: JobEnd): Promise<Job | undefined> {
    return this.telling(() => this.jobs.endUntaken(claim, end));
  }

  private telling(write: () => Promise<Job | undefined>): Promise<Job | undefined> {
    return this.outbox.telling(() =>
      this.database.transaction(async () => {
        const job = await write();
        if (!job) return undefined;
        await this.handlers.ended(job);
        const event = jobEvent(job);
        this.outbox.add({ stream: jobStream(job.id), ...event, last: true });
        if (job.userId) this.outbox.add({ stream: ownerStream(job.userId), ...event });
        return job;
      }),
    );
  }
}
