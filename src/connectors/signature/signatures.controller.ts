import { Controller, Get, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { Idempotent } from '../../platform/idempotency/idempotent.decorator.js';
import { BurstLimited } from '../../platform/rate-limit/burst-limited.decorator.js';
import { OrderedSoulSignature, SoulSignature, toSoulSignature } from './signatures.dto.js';
import { SoulSignatures } from './signatures.service.js';

@Controller('soul-signature')
export class SoulSignaturesController {
  constructor(private readonly signatures: SoulSignatures) {}

  /**
   * Reads the caller's soul signature: traits and what their life is about
   * @remarks 404 `not-enough-data` tells how many things are missing; null: it is being computed.
   * @throws {404} not-enough-data, with missing, found and needed
   */
  @Get()
  async get(@CurrentActor() actor: Actor): Promise<SoulSignature> {
    return toSoulSignature(await this.signatures.get(actor));
  }

  /**
   * Has the caller's soul signature computed anew
   * @remarks A job. It is computed by itself whenever an extraction has ended; 409 `in-progress` names the job that runs.
   * @throws {409} in-progress, with jobId
   */
  @Post('computations')
  @BurstLimited()
  @Idempotent()
  @HttpCode(HttpStatus.ACCEPTED)
  async order(
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderedSoulSignature> {
    const jobId = await this.signatures.order(actor);
    reply.header('location', `/api/jobs/${jobId}`);
    return { jobId };
  }
}
