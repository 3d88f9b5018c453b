import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../actor/actor.decorators.js';
import { platformErrors } from '../errors/platform.errors.js';
import { Produces } from '../http/produces.interceptor.js';
import { Metrics } from './metrics.js';
import { MetricsSettings } from './metrics.settings.js';

const TEXT = 'text/plain';

/** What Prometheus scrapes. The path has no `/api`, and the token is not an account's. */
@Controller('metrics')
@Public()
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly settings: MetricsSettings,
  ) {}

  /**
   * What this process measures of itself, for Prometheus
   * @throws {401} METRICS_TOKEN is set and was not sent as a bearer token
   */
  @Get()
  @Produces(TEXT)
  @ApiProduces(TEXT)
  @ApiResponse({ status: 200, schema: { type: 'string' } })
  async scrape(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { token } = this.settings;
    if (token !== undefined && !same(bearerOf(authorization), token))
      throw platformErrors.unauthenticated('Send METRICS_TOKEN as a bearer token.');
    const text = await this.metrics.render();
    reply.headers({ 'content-type': this.metrics.contentType, 'cache-control': 'no-store' });
    return text;
  }
}

const bearerOf = (authorization = ''): string => authorization.replace(/^bearer +/i, '');

/** In a time that does not tell how far a guess was right. */
const same = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
