import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../actor/actor.js';
import { EventLog } from '../events/event-log.service.js';
import type { SseEvent } from '../http/sse.js';
import type { StreamPosition } from '../http/stream-position.js';
import { isActive, type Job } from './job.js';
import { Jobs } from './jobs.service.js';
import { endsJob, jobEvent, jobStream } from './jobs.events.js';

const LOOK_MS = 1_000;

/** The events of a job for those who follow it over HTTP. */
@Injectable()
export class JobFollower {
  constructor(
    private readonly jobs: Jobs,
    private readonly events: EventLog,
  ) {}

  /**
   * Opens the stream after a position, first with how the job stands. Undefined: the job has ended and the client has
   * seen it.
   * @throws not-found for a job that is not the actor's
   */
  async open(
    actor: Actor,
    id: string,
    position: StreamPosition | undefined,
  ): Promise<((signal: AbortSignal) => AsyncIterable<SseEvent>) | undefined> {
    const job = await this.jobs.get(actor, id);
    if (isActive(job)) return (signal) => this.follow(job, position, signal);
    // Who comes back with a position has seen the end: nothing comes after it.
    if (position && (await this.hasSeenEnd(id, position))) return undefined;
    return () => only(job);
  }

  private async hasSeenEnd(id: string, position: StreamPosition): Promise<boolean> {
    const { status, events } = await this.events.read(jobStream(id), { ...position, limit: 1 });
    return status === 'ok' && events.length === 0;
  }

  private async *follow(
    job: Job,
    position: StreamPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SseEvent> {
    // Asked before the state is told, so that nothing falls between the two.
    const [head] = await this.events.heads([jobStream(job.id)]);
    const from = position ?? { epoch: head?.epoch, after: head?.seq ?? 0 };
    if (!position) {
      const now = (await this.jobs.find(job.id)) ?? job;
      yield toSseEvent(now);
      if (!isActive(now)) return;
    }
    for await (const followed of this.events.follow(jobStream(job.id), from, signal)) {
      if (followed.kind === 'event') {
        const { epoch, seq, type, data } = followed.event;
        yield { id: `${epoch}.${seq}`, event: type, data };
        if (endsJob(type)) return;
      } else if (followed.kind === 'lost' || !(await this.isActive(job.id))) {
        yield* this.watch(job.id, signal);
        return;
      }
    }
  }

  /** Events are gone, or the end was not told: the row tells what matters. */
  private async *watch(id: string, signal: AbortSignal): AsyncGenerator<SseEvent> {
    let told: string | undefined;
    while (!signal.aborted) {
      const job = await this.jobs.find(id);
      if (!job) return;
      const event = toSseEvent(job);
      const state = JSON.stringify(event);
      if (state !== told) yield event;
      told = state;
      if (!isActive(job)) return;
      await sleep(LOOK_MS);
    }
  }

  private async isActive(id: string): Promise<boolean> {
    const job = await this.jobs.find(id);
    return job !== undefined && isActive(job);
  }
}

async function* only(job: Job): AsyncGenerator<SseEvent> {
  yield await Promise.resolve(toSseEvent(job));
}

function toSseEvent(job: Job): SseEvent {
  const { type, data } = jobEvent(job);
  return { event: type, data };
}
