import { Controller, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiQuery, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { Produces } from '../../platform/http/produces.interceptor.js';
import { SseConnections } from '../../platform/http/sse-connections.js';
import { CancelledGeneration, Generation, toGeneration } from './generations.dto.js';
import { GenerationsService } from './generations.service.js';
import { parsePosition, ReplyEvents, type StreamPosition } from './reply-events.service.js';

const SSE_TYPE = 'text/event-stream';

@Controller('generations')
export class GenerationsController {
  constructor(
    private readonly generations: GenerationsService,
    private readonly replies: ReplyEvents,
    private readonly streams: SseConnections,
  ) {}

  /** Reads how far a reply has come */
  @Get(':id')
  async get(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<Generation> {
    return toGeneration(await this.generations.progress(actor, id));
  }

  /**
   * Streams a reply as server-sent events
   * @remarks reply.started, reply.delta…, then exactly one of reply.completed and reply.failed. Ids are
   * `<epoch>.<seq>`; a reconnect sends the last one as Last-Event-ID. 204: the reply has ended and you have seen it all.
   */
  @Get(':id/events')
  @Produces(SSE_TYPE)
  @ApiProduces(SSE_TYPE)
  @ApiHeader({ name: 'Last-Event-ID', required: false })
  @ApiQuery({ name: 'after', required: false, description: 'The same as Last-Event-ID.' })
  @ApiResponse({ status: 200, description: 'The stream', schema: { type: 'string' } })
  @ApiResponse({ status: 204, description: 'Ended, and everything was seen' })
  async events(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('after') after: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const source = await this.replies.open(actor, id, positionOf(lastEventId ?? after));
    if (source) await this.streams.stream(reply, request, source);
    else reply.code(HttpStatus.NO_CONTENT);
  }

  /** Stops a reply, from any instance; repeated, it answers the same */
  @Post(':id/cancel')
  @HttpCode(HttpStatus.OK)
  cancel(@CurrentActor() actor: Actor, @Param('id', IdParam) id: string): Promise<CancelledGeneration> {
    return this.generations.cancel(actor, id);
  }
}

function positionOf(text: string | undefined): StreamPosition | undefined {
  if (text === undefined || text === '') return undefined;
  const position = parsePosition(text);
  if (position) return position;
  throw platformErrors['validation-failed'](
    'Last-Event-ID (or ?after=) is the id of an event: <epoch>.<seq>.',
  );
}
