import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { JobOutcomes } from './job-outcomes.service.js';
import { JobRunner } from './job-runner.service.js';
import { JobsRepository } from './jobs.repository.js';
import { JobSettings } from './jobs.settings.js';
import { PeriodicTasks } from './periodic.js';

const MAX_LOOK_MS = 1_000;
const REMOVE_EVERY_MS = 3_600_000;
const REMOVED_AT_ONCE = 1_000;

/** Finds what nobody was woken for: waiting jobs that are due, jobs of processes that died, and old ones to remove. */
@Injectable()
export class JobSweep implements OnApplicationBootstrap {
  constructor(
    private readonly tasks: PeriodicTasks,
    private readonly runner: JobRunner,
    private readonly outcomes: JobOutcomes,
    private readonly jobs: JobsRepository,
    private readonly settings: JobSettings,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.run) return;
    const lookEveryMs = Math.min(MAX_LOOK_MS, this.settings.heartbeatMs);
    this.tasks.every('jobs', lookEveryMs, async () => {
      this.runner.wake();
      await this.outcomes.endAbandoned(this.settings.takenOverAfterMs);
    });
    this.tasks.every('jobs.old', REMOVE_EVERY_MS, async (signal) => {
      const { keptMs } = this.settings;
      while ((await this.jobs.removeEnded(keptMs, REMOVED_AT_ONCE)) === REMOVED_AT_ONCE && !signal.aborted);
    });
  }
}
