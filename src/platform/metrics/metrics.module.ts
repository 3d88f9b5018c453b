import { Global, Module } from '@nestjs/common';
import { CacheMetrics } from './cache-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { RedisMetrics } from './redis-metrics.js';
import { StreamMetrics } from './stream-metrics.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, CacheMetrics, RedisMetrics, StreamMetrics],
  exports: [Metrics],
})
export class MetricsModule {}
