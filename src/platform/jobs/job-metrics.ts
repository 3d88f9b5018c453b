import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { JobRunner } from './job-runner.service.js';
import { JobsRepository } from './jobs.repository.js';

/** Jobs of the whole service, which every process says alike, and those that this process runs. */
@Injectable()
export class JobMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly jobs: JobsRepository,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.metrics.readGauge({
      name: 'jobs',
      help: 'Background jobs that have not ended, of the whole service.',
      labels: ['kind', 'status'],
      read: async () =>
        (await this.jobs.countActive()).map(({ kind, status, count }) => ({
          labels: { kind, status },
          value: count,
        })),
    });
    this.metrics.readGauge({
      name: 'jobs_oldest_due_seconds',
      help: 'How long the oldest job that could run has been waiting for a worker.',
      read: () => this.jobs.oldestDueSeconds(),
    });
    this.metrics.readGauge({
      name: 'jobs_running',
      help: 'Background jobs that this process runs.',
      read: () => this.runner.runningCount,
    });
  }
}
