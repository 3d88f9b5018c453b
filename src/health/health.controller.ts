import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../platform/actor/actor.decorators.js';
import { HealthReport, Liveness, Readiness } from './health.dto.js';
import { HealthService } from './health.service.js';

/** What Kubernetes asks. The paths have no `/api`. */
@Controller()
@Public()
export class ProbesController {
  constructor(private readonly health: HealthService) {}

  /** Is the process alive? Asks nothing but the event loop */
  @Get('livez')
  @HttpCode(200)
  live(@Res({ passthrough: true }) reply: FastifyReply): Liveness {
    const status = this.health.liveness();
    if (status !== 'ok') reply.code(503);
    return { status };
  }

  /** Has it started? */
  @Get('startupz')
  startup(@Res({ passthrough: true }) reply: FastifyReply): Liveness {
    const status = this.health.started ? 'ok' : 'starting';
    if (status !== 'ok') reply.code(503);
    return { status };
  }

  /** Should it get requests? Without Redis or the model: degraded but ready; without the database: not */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.health.readiness();
    if (readiness.status === 'unavailable') reply.code(503);
    return readiness;
  }
}

@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** Everything the probes know, with the state of Redis and of the cache */
  @Get()
  @Public()
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    const report = await this.health.report();
    if (report.status === 'unavailable') reply.code(503);
    return report;
  }
}
