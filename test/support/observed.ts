import { Global, Module } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { Degradations } from '../../src/platform/degraded/degradations.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';

const providers = [
  Metrics,
  Degradations,
  { provide: RedisConnections, useFactory: () => new RedisConnections({}) },
];

/** What `configureHttp` tells of an application, for tests that run a part of one without Redis. */
@Global()
@Module({ providers, exports: providers })
export class ObservedModule {}
