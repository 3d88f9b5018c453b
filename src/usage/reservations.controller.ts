import { Body, Controller, HttpCode, Param, Post, Res, UseInterceptors } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../platform/actor/actor.js';
import { AdminOnly, CurrentActor } from '../platform/actor/actor.decorators.js';
import { Clock } from '../platform/clock/clock.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { Idempotent } from '../platform/idempotency/idempotent.decorator.js';
import { addRateHeaders } from '../platform/rate-limit/rate-headers.js';
import { QuotaHeadersInterceptor } from './quota-headers.interceptor.js';
import { ChargeInput, ChargeResponse, ReservationInput, ReservationResponse } from './usage.dto.js';
import { dailyPolicies } from './usage.headers.js';
import { UsageService } from './usage.service.js';

/** For services that answer on a user's behalf outside this process. */
@AdminOnly()
@Controller('usage/reservations')
export class ReservationsController {
  constructor(
    private readonly usage: UsageService,
    private readonly clock: Clock,
  ) {}

  /**
   * Reserves quota before a reply is made.
   * @throws {429} quota-exceeded
   */
  @Post()
  @Idempotent()
  @UseInterceptors(QuotaHeadersInterceptor)
  @ApiResponse({ status: 201, type: ReservationResponse })
  async reserve(
    @CurrentActor() actor: Actor,
    @Body() { userId, ...request }: ReservationInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReservationResponse> {
    const owner: Actor = userId === undefined ? actor : { id: userId, role: 'user' };
    const { id, expiresAt, remaining, counters } = await this.usage.reserve(owner, request);
    addRateHeaders(reply, dailyPolicies(counters, this.clock.now()));
    return { reservationId: id, expiresAt, remaining };
  }

  /**
   * Charges a reservation, once per event.
   * @throws {409} already-settled
   * @throws {410} expired
   */
  @Post(':reservationId/commit')
  @HttpCode(200)
  async commit(
    @Param('reservationId', IdParam) reservationId: string,
    @Body() charge: ChargeInput,
  ): Promise<ChargeResponse> {
    await this.usage.commit(reservationId, charge);
    return { reservationId, eventId: charge.eventId };
  }

  /**
   * Gives a reservation back.
   * @throws {409} already-settled
   */
  @Post(':reservationId/release')
  @HttpCode(204)
  release(@Param('reservationId', IdParam) reservationId: string): Promise<void> {
    return this.usage.release(reservationId);
  }
}
