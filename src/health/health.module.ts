import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AiModule } from '../ai/ai.module.js';
import { CacheInvalidationController } from './cache-invalidation.controller.js';
import { CacheStatsController } from './cache-stats.controller.js';
import { HealthController, ProbesController } from './health.controller.js';
import { HealthService } from './health.service.js';

@Module({
  imports: [TerminusModule.forRoot({ errorLogStyle: 'json' }), AiModule],
  controllers: [ProbesController, HealthController, CacheStatsController, CacheInvalidationController],
  providers: [HealthService],
  exports: [HealthService],
})
export class HealthModule {}
