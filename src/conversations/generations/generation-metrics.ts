import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { GenerationRunner } from './generation-runner.service.js';

@Injectable()
export class GenerationMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly runner: GenerationRunner,
  ) {}

  onModuleInit(): void {
    this.metrics.readGauge({
      name: 'generations_running',
      help: 'Replies that this process is generating.',
      read: () => this.runner.runningCount,
    });
  }
}
