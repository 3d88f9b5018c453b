import { Global, Module } from '@nestjs/common';
import { CacheMetrics } from './cache-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, CacheMetrics],
  exports: [Metrics],
})
export class MetricsModule {}
