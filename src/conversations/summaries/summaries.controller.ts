import { Controller, Get, HttpCode, HttpStatus, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { BurstLimited } from '../../platform/rate-limit/burst-limited.decorator.js';
import { OrderedSummary, Summary, toSummary } from './summaries.dto.js';
import { SummariesService } from './summaries.service.js';

@Controller('conversations/:conversationId/summary')
export class SummariesController {
  constructor(private readonly summaries: SummariesService) {}

  /** Reads what was said so far, in short */
  @Get()
  async get(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
  ): Promise<Summary> {
    return toSummary(await this.summaries.get(actor, conversationId));
  }

  /**
   * Has the conversation summarized, up to its newest message
   * @remarks A job; ordered again while it runs, it is the same one. What was covered before is not read again unless it
   * changed.
   */
  @Post()
  @BurstLimited()
  @Idempotent()
  @HttpCode(HttpStatus.ACCEPTED)
  async order(
    @CurrentActor() actor: Actor,
    @Param('conversationId', IdParam) conversationId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderedSummary> {
    const jobId = await this.summaries.order(actor, conversationId);
    reply.header('location', `/api/jobs/${jobId}`);
    return { jobId };
  }
}
