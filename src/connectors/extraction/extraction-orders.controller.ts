import { Body, Controller, HttpCode, HttpStatus, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { isAdmin, type Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { BurstLimited } from '../../platform/rate-limit/burst-limited.decorator.js';
import {
  OrderExtraction,
  toExtractionJob,
  ExtractionJob,
  ResetOfAll,
  ResetOrdered,
} from './extraction.dto.js';
import { ExtractionOrders } from './extraction-orders.service.js';
import { Resets } from './resets.service.js';

@Controller('connectors')
export class ExtractionOrdersController {
  constructor(
    private readonly orders: ExtractionOrders,
    private readonly resets: Resets,
  ) {}

  /**
   * Has what belongs to oneself read from a platform
   * @remarks A job, one at a time for each kind. Where the platform limits requests, it waits and goes on by itself.
   * @throws {409} job-active with the job; missing-scopes with the scopes
   * @throws {424} not-connected; needs-reauth
   */
  @Post(':platform/jobs')
  @HttpCode(HttpStatus.ACCEPTED)
  @BurstLimited()
  @Idempotent()
  async order(
    @CurrentActor() actor: Actor,
    @Param('platform') platform: string,
    @Body() wish: OrderExtraction,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ExtractionJob> {
    const job = await this.orders.order(actor, platform, wish);
    reply.header('location', `/api/extraction-jobs/${job.id}`);
    return toExtractionJob(job);
  }

  /**
   * Removes what was extracted from a platform; it stays connected
   * @throws {409} job-active
   */
  @Post(':platform/reset')
  @HttpCode(HttpStatus.ACCEPTED)
  @Idempotent()
  async reset(
    @CurrentActor() actor: Actor,
    @Param('platform') platform: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ResetOrdered> {
    const jobId = await this.resets.order(actor, platform);
    reply.header('location', `/api/jobs/${jobId}`);
    return { jobId };
  }

  /**
   * The same for all platforms of a user, as older clients ask for it
   * @throws {409} job-active
   */
  @Post('reset/:userId')
  @HttpCode(HttpStatus.OK)
  @Idempotent()
  async resetAll(
    @CurrentActor() actor: Actor,
    @Param('userId', IdParam) userId: string,
  ): Promise<ResetOfAll> {
    if (userId !== actor.id && !isAdmin(actor)) throw platformErrors['not-found']('There is no such user.');
    return { success: true, data: await this.resets.orderAll(userId) };
  }
}
