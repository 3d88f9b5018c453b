import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PeriodicTasks } from '../jobs/periodic.js';
import { ErasesUserData } from '../user-data/user-data.decorators.js';
import { IdempotencyKeysRepository } from './idempotency-keys.repository.js';

const HOUR_MS = 3_600_000;
const BATCH = 1000;

/** Removes expired keys hourly, in batches so that no statement holds many locks for long, and those of who leaves. */
@Injectable()
export class IdempotencySweep implements OnModuleInit {
  constructor(
    private readonly tasks: PeriodicTasks,
    private readonly keys: IdempotencyKeysRepository,
  ) {}

  onModuleInit(): void {
    this.tasks.every('idempotency-sweep', HOUR_MS, (signal) => this.sweep(signal));
  }

  /** Late: what was still being answered finds its claim gone. */
  @ErasesUserData('answers', 80)
  async erase(userId: string): Promise<boolean> {
    await this.keys.removeOf(userId);
    return false;
  }

  async sweep(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.keys.removeExpired(BATCH)) === BATCH);
  }
}
