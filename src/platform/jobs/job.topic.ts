import { Injectable } from '@nestjs/common';
import type { Actor } from '../actor/actor.js';
import { TopicOf, type StreamTopic } from '../sockets/stream-topic.js';
import type { Job } from './job.js';
import { jobStream } from './jobs.events.js';
import { JobsRepository } from './jobs.repository.js';

/** Streams `job:<id>`: how a job comes along, heard by its owner alone. */
@Injectable()
@TopicOf('job')
export class JobTopic implements StreamTopic<Job> {
  constructor(private readonly jobs: JobsRepository) {}

  authorize(actor: Actor, id: string): Promise<Job | undefined> {
    return this.jobs.findOwned(actor.id, id);
  }

  room({ id }: Job): string {
    return jobStream(id);
  }

  snapshot({ id }: Job): string {
    return `/api/jobs/${id}`;
  }
}
