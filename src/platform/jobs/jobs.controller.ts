import { Controller, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../actor/actor.js';
import { AlsoWhenClosed, CurrentActor } from '../actor/actor.decorators.js';
import { IdParam } from '../http/id-param.pipe.js';
import { Produces } from '../http/produces.interceptor.js';
import { SseConnections } from '../http/sse-connections.js';
import { positionOf } from '../http/stream-position.js';
import { JobFollower } from './job-follower.service.js';
import { JobState, toJobState } from './jobs.dto.js';
import { Jobs } from './jobs.service.js';

const SSE_TYPE = 'text/event-stream';

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
   * @remarks First how it stands, then job.progress at most twice a second, then exactly one of job.completed (succeeded
   * or cancelled) and job.failed. A reconnect sends the last id as Last-Event-ID. 204: it has ended and you have seen it.
   */
  @Get(':id/events')
  @AlsoWhenClosed()
  @Produces(SSE_TYPE)
  @ApiProduces(SSE_TYPE)
  @ApiHeader({ name: 'Last-Event-ID', required: false })
  @ApiQuery({ name: 'after', required: false, description: 'The same as Last-Event-ID.' })
  @ApiResponse({ status: 200, description: 'The stream', schema: { type: 'string' } })
  @ApiResponse({ status: 204, description: 'Ended, and everything was seen' })
  async follow(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('after') after: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const source = await this.follower.open(actor, id, positionOf(lastEventId ?? after));
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
