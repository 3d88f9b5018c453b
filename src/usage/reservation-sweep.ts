import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../platform/clock/clock.js';
import { PeriodicTasks } from '../platform/jobs/periodic.js';
import { UsageSettlement } from './usage-settlement.service.js';
import { UsageReservationsRepository } from './usage-reservations.repository.js';

const SWEEP_EVERY_MS = 30_000;
/** Counters per run; what is left over is found by the next one. */
const COUNTERS_PER_RUN = 200;

/** Gives back what crashed senders left reserved. Safe on every instance at once: rows being settled are skipped. */
@Injectable()
export class ReservationSweep implements OnApplicationBootstrap {
  constructor(
    private readonly tasks: PeriodicTasks,
    private readonly reservations: UsageReservationsRepository,
    private readonly settlement: UsageSettlement,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.tasks.every('usage-reservations', SWEEP_EVERY_MS, (signal) => this.sweep(signal));
  }

  /** One counter at a time, so that two sweeps never hold counters that the other one wants. */
  async sweep(signal?: AbortSignal): Promise<void> {
    const overdue = await this.reservations.overdueCounters(this.clock.now(), COUNTERS_PER_RUN);
    for (const counter of overdue) {
      if (signal?.aborted) return;
      await this.settlement.expire(counter);
    }
  }
}
