import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PeriodicTasks } from '../jobs/periodic.js';
import { IdempotencyKeysRepository } from './idempotency-keys.repository.js';

const HOUR_MS = 3_600_000;
const BATCH = 1000;

/** Removes expired keys hourly, in batches so that no statement holds many locks for long. */
@Injectable()
export class IdempotencySweep implements OnModuleInit {
  constructor(
    private readonly tasks: PeriodicTasks,
    private readonly keys: IdempotencyKeysRepository,
  ) {}

  onModuleInit(): void {
    this.tasks.every('idempotency-sweep', HOUR_MS, (signal) => this.sweep(signal));
  }

  async sweep(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.keys.removeExpired(BATCH)) === BATCH);
  }
}
