import { Injectable } from '@nestjs/common';
import type { Actor } from '../actor/actor.js';
import { Database } from '../database/database.js';
import { platformErrors } from '../errors/platform.errors.js';
import { EventLog } from '../events/event-log.service.js';
import { newId } from '../ids/ids.js';
import { isActive, type Job } from './job.js';
import { JobAlarm } from './job-alarm.js';
import { JobEnds } from './job-ends.service.js';
import { JobHandlers } from './job-handlers.js';
import { JOB_CANCEL_REQUESTED, jobStream } from './jobs.events.js';
import { JobsRepository } from './jobs.repository.js';

/** What a job is to work on. */
export interface JobOrder {
  /** The owner, who may follow and cancel it; nobody's when it is left out. */
  userId?: string;
  /** At most one active job of the kind has it; any number when it is left out. */
  key?: string;
  /** Ids and plain choices. It is stored: never a secret. */
  payload?: object;
}

/** A job may begin or end between two looks at it. */
const LOOKS = 5;

/** Background jobs, for the features that have some. */
@Injectable()
export class Jobs {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly handlers: JobHandlers,
    private readonly ends: JobEnds,
    private readonly alarm: JobAlarm,
    private readonly database: Database,
    private readonly events: EventLog,
  ) {}

  /**
   * Orders a job. Inside a transaction the order is part of it: rolled back, there was none; a worker is woken after the
   * commit. While an active job of the kind has the key, that one is answered, with `isNew` false.
   * @throws for a kind without a handler
   *
   * @example
   * const { job, isNew } = await jobs.enqueue('account.export', { userId, key: userId, payload: { format: 'zip' } });
   */
  enqueue(kind: string, { userId, key, payload }: JobOrder = {}): Promise<{ job: Job; isNew: boolean }> {
    const { attempts: maxAttempts } = this.handlers.get(kind).options;
    return this.database.transaction(async () => {
      for (let look = 0; look < LOOKS; look++) {
        const job = await this.jobs.insert({
          id: newId(),
          kind,
          userId: userId ?? null,
          key: key ?? null,
          payload: payload ?? {},
          maxAttempts,
        });
        if (job) {
          void this.database.afterCommit(() => void this.alarm.ring(job.id));
          return { job, isNew: true };
        }
        const active = await this.jobs.findActive(kind, key as string);
        if (active) return { job: active, isNew: false };
      }
      throw platformErrors.conflict('Another such job is just beginning or ending; try again.');
    });
  }

  /** @throws not-found for a job that is not the actor's */
  async get(actor: Actor, id: string): Promise<Job> {
    const job = await this.jobs.findOwned(actor.id, id);
    if (job) return job;
    throw platformErrors['not-found']('There is no such job.');
  }

  /** Whoever owns it. */
  find(id: string): Promise<Job | undefined> {
    return this.jobs.find(id);
  }

  findActive(kind: string, key: string): Promise<Job | undefined> {
    return this.jobs.findActive(kind, key);
  }

  /** Active jobs of a user, oldest first; of these kinds only, if any are named. */
  activeOf(userId: string, kinds?: readonly string[]): Promise<Job[]> {
    return this.jobs.activeOfUser(userId, kinds);
  }

  /**
   * Stops a job, from any instance, any number of times. One that runs ends when its handler notices; nothing happens to
   * one that has ended.
   * @throws not-found for a job that is not the actor's
   */
  async cancel(actor: Actor, id: string): Promise<Job> {
    await this.get(actor, id);
    await this.stop(id);
    return this.get(actor, id);
  }

  /** The same without asking whose it is. */
  async stop(id: string): Promise<void> {
    for (let look = 0; look < LOOKS; look++) {
      if (await this.ends.endIdle(id, { status: 'cancelled' })) return;
      if (await this.jobs.requestCancel(id)) {
        await this.events.signal({
          stream: jobStream(id),
          type: JOB_CANCEL_REQUESTED,
          data: {},
          room: 'instances',
        });
        return;
      }
      const job = await this.jobs.find(id);
      if (!job || !isActive(job)) return;
    }
  }
}
