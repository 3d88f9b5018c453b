import { Controller, Get, HttpCode, HttpStatus, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../actor/actor.js';
import { AlsoWhenClosed, CurrentActor } from '../actor/actor.decorators.js';
import { IdParam } from '../http/id-param.pipe.js';
import { SseConnections } from '../http/sse-connections.js';
import { LastSeen, ResumableStream, type StreamPosition } from '../http/stream-position.js';
import { JobFollower } from './job-follower.service.js';
import { JobState, toJobState } from './jobs.dto.js';
import { Jobs } from './jobs.service.js';

@Controller('jobs')
export class JobsController {
  constructor(
    private readonly jobs: Jobs,
    private readonly follower: JobFollower,
    private readonly streams: SseConnections,
  ) {}

  /** Reads how a background job of one's own stands */
  @Get(':id')
  @AlsoWhenClosed()
  async get(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<JobState> {
    return toJobState(await this.jobs.get(actor, id));
  }

  /**
   * Follows a background job as server-sent events
   * @remarks First how it stands, then job.progress: at most twice a second, and when it begins to wait (until `resumeAt`)
   * or goes back into the queue. At the end exactly one of job.completed (succeeded or cancelled) and job.failed. A
   * reconnect sends the last id as Last-Event-ID. 204: it has ended and you have seen it.
   */
  @Get(':id/events')
  @AlsoWhenClosed()
  @ResumableStream()
  async follow(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @LastSeen() seen: StreamPosition | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const source = await this.follower.open(actor, id, seen);
    if (!source) reply.code(HttpStatus.NO_CONTENT);
    else await this.streams.stream(reply, request, source);
  }

  /**
   * Stops a background job, from any instance
   * @remarks One that runs ends when it notices, within seconds. Repeated, or after the end, it only answers how it stands.
   */
  @Post(':id/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  async cancel(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<JobState> {
    return toJobState(await this.jobs.cancel(actor, id));
  }
}
