import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import type { Job } from '../../platform/jobs/job.js';
import { JobEnded, JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import { Extractions } from '../extraction/extractions.service.js';
import { SignaturesRepository } from './signatures.repository.js';
import { COMPUTE_JOB, SoulSignatures, type Computation } from './signatures.service.js';
import { ALGORITHM_VERSION, SoulSignatureReading } from './soul-signature.js';

/** After so many the next job goes on: somebody may be adding things all the time. */
const ROUNDS = 5;

/** Before it is looked again whether there is a worker of the later release that ordered one. */
const LATER_RELEASE_MS = 60_000;

/** Reads everything that was extracted of a person, and keeps what it says, unless it has changed meanwhile. */
@Injectable()
export class SignatureJob {
  constructor(
    private readonly extractions: Extractions,
    private readonly signatures: SoulSignatures,
    private readonly rows: SignaturesRepository,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  @JobHandler(COMPUTE_JOB, { attempts: 4 })
  async compute(
    job: RunningJob<Computation, object>,
  ): Promise<{ items: number; missing: number } | undefined> {
    const { userId, algorithmVersion } = job.payload;
    if (Number(algorithmVersion) > Number(ALGORITHM_VERSION))
      return job.waitUntil(new Date(Date.now() + LATER_RELEASE_MS));
    for (let round = 0; round < ROUNDS; round++) {
      const before = await this.rows.find(userId);
      if (!before) return undefined;
      const reading = await this.read(job);
      const { count: items, missing } = reading;
      const signature = missing === 0 ? reading.signature() : undefined;
      const keep = async (): Promise<boolean> => {
        const kept = await this.signatures.keep(userId, before.inputs, items, signature);
        // Refused to a worker that has lost the job. After the signature's row was locked, for so do those who change it
        // and order this job.
        await job.save({});
        return kept;
      };
      if (await this.outbox.telling(() => this.database.transaction(keep))) return { items, missing };
    }
    return undefined;
  }

  @JobEnded(COMPUTE_JOB)
  async computed({ status, payload }: Job): Promise<void> {
    const { userId } = payload as Computation;
    if (status === 'succeeded') await this.signatures.goOn(userId);
    else await this.signatures.goOnWhenRead(userId);
  }

  private async read(job: RunningJob<Computation, object>): Promise<SoulSignatureReading> {
    const reading = new SoulSignatureReading();
    for await (const batch of this.extractions.inputsOf(job.payload.userId)) {
      job.throwIfStopped();
      reading.add(batch);
      job.report({ phase: 'reading', done: reading.count });
    }
    return reading;
  }
}
