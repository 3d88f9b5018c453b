import { Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { SseConnections } from '../../platform/http/sse-connections.js';
import { LastSeen, ResumableStream, type StreamPosition } from '../../platform/http/stream-position.js';
import { JobFollower } from '../../platform/jobs/job-follower.service.js';
import { ExtractionJobsQuery, toExtractionJob, ExtractionJob, ExtractionJobPage } from './extraction.dto.js';
import { ExtractionJobs } from './extraction-jobs.service.js';

@Controller('extraction-jobs')
export class ExtractionJobsController {
  constructor(
    private readonly extractions: ExtractionJobs,
    private readonly follower: JobFollower,
    private readonly streams: SseConnections,
  ) {}

  /** Lists one's extractions, newest first */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: ExtractionJobsQuery): Promise<ExtractionJobPage> {
    return this.extractions.list(actor, query);
  }

  /** Reads how an extraction stands */
  @Get(':jid')
  async get(@CurrentActor() actor: Actor, @Param('jid', IdParam) id: string): Promise<ExtractionJob> {
    return toExtractionJob(await this.extractions.get(actor, id));
  }

  /**
   * Follows an extraction as server-sent events
   * @remarks The events of `/api/jobs/{id}/events`, which is the same stream.
   */
  @Get(':jid/events')
  @ResumableStream()
  async follow(
    @CurrentActor() actor: Actor,
    @Param('jid', IdParam) id: string,
    @LastSeen() seen: StreamPosition | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.extractions.get(actor, id);
    const source = await this.follower.open(actor, id, seen);
    if (!source) reply.code(HttpStatus.NO_CONTENT);
    else await this.streams.stream(reply, request, source);
  }

  /**
   * Stops an extraction, from any instance
   * @remarks What was read so far stays. Repeated, or after the end, it only answers how it stands.
   */
  @Post(':jid/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  async cancel(@CurrentActor() actor: Actor, @Param('jid', IdParam) id: string): Promise<ExtractionJob> {
    return toExtractionJob(await this.extractions.cancel(actor, id));
  }
}
