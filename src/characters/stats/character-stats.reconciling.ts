import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicTasks } from '../../platform/jobs/periodic.js';
import { CharacterStatsService } from './character-stats.service.js';

const HOUR_MS = 3_600_000;

@Injectable()
export class CharacterStatsReconciling implements OnApplicationBootstrap {
  constructor(
    private readonly periodic: PeriodicTasks,
    private readonly stats: CharacterStatsService,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.every('character-stats', HOUR_MS, async (signal) => {
      await this.stats.reconcile(signal);
    });
  }
}
