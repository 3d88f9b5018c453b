import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { PeriodicTasks } from '../../platform/jobs/periodic.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import { UserData } from '../../platform/user-data/user-data.js';
import { ClosedAccounts } from '../closed-accounts.service.js';
import { userErrors } from '../users.errors.js';
import { UsersRepository } from '../users.repository.js';
import { UsersService } from '../users.service.js';

const KIND = 'account.delete';
const LOOK_EVERY_MS = 600_000;

/** The sources whose part is done. */
interface Erased {
  done: string[];
}

/**
 * Ends an account. It is closed at once, for everybody and without a way back; what it leaves in each feature is removed
 * by a job, in batches that are kept as they are done, and its username is free when that has ended.
 */
@Injectable()
export class AccountDeletion implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly rows: UsersRepository,
    private readonly closed: ClosedAccounts,
    private readonly jobs: Jobs,
    private readonly data: UserData,
    private readonly periodic: PeriodicTasks,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.every('account deletions', LOOK_EVERY_MS, () => this.resume());
  }

  /** @returns the id of the job @throws already-pending, precondition-failed */
  async request({ id }: Actor, assertVersion: (version: number) => void): Promise<string> {
    const { job } = await this.database.transaction(async () => {
      if (!(await this.users.close(id, assertVersion))) throw await this.pending(id);
      return this.jobs.enqueue(KIND, orderFor(id));
    });
    await this.closed.announce(id);
    return job.id;
  }

  /** Orders the job of accounts whose job has failed for good. */
  async resume(): Promise<void> {
    for (const id of await this.rows.notErased()) await this.jobs.enqueue(KIND, orderFor(id));
  }

  @JobHandler(KIND, { attempts: 10 })
  protected async run(job: RunningJob<{ userId: string }, Erased>): Promise<object> {
    const { userId } = job.payload;
    const { erasures } = this.data;
    await this.stopOthers(job);
    const done = [...(job.checkpoint?.done ?? [])];
    for (const { name, erase } of erasures) {
      if (done.includes(name)) continue;
      let more = true;
      while (more) {
        job.throwIfStopped();
        more = await erase(userId);
      }
      done.push(name);
      await job.save({ done }, { phase: name, done: done.length, total: erasures.length + 1 });
    }
    await this.users.erase(userId);
    return {};
  }

  /** What else is being done for this person. */
  private async stopOthers({ id, payload }: RunningJob<{ userId: string }>): Promise<void> {
    const active = await this.jobs.activeOf(payload.userId);
    for (const other of active) if (other.id !== id) await this.jobs.stop(other.id);
  }

  private async pending(userId: string): Promise<Error> {
    const job = await this.jobs.findActive(KIND, userId);
    return userErrors['already-pending']('This account is being deleted already.', {
      members: job ? { jobId: job.id } : {},
    });
  }
}

const orderFor = (userId: string): { userId: string; key: string; payload: { userId: string } } => ({
  userId,
  key: userId,
  payload: { userId },
});
