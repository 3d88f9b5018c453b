import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { Database } from '../database/database.js';
import { PeriodicTasks } from '../jobs/periodic.js';
import { CacheOutboxRows } from './cache-outbox.js';

const EVERY_MS = 1_000;

/**
 * Delivers the evicts of writes that were committed while their process could not reach Redis, by whichever process
 * reaches it first; the one that wrote may be gone.
 */
@Injectable()
export class CacheRelay implements OnModuleInit {
  constructor(
    private readonly cache: CacheService,
    private readonly database: Database,
    private readonly outbox: CacheOutboxRows,
    private readonly periodic: PeriodicTasks,
  ) {}

  onModuleInit(): void {
    this.database.beforeCommit(() => this.cache.beforeCommit());
    this.periodic.every('cache outbox', EVERY_MS, async () => void (await this.relay()));
  }

  /** How many were delivered. */
  async relay(): Promise<number> {
    // Without Redis nothing is ever noted; while it is away nothing can be delivered.
    if (this.cache.stats().mode !== 'redis' || (await this.outbox.isEmpty())) return 0;
    return this.database.transaction(async () => {
      const entries = await this.outbox.take();
      if ((await this.cache.relay(entries)) === 'applied') return entries.length;
      throw new Error('Redis went away while evicts were delivered to it; they stay in the outbox.');
    });
  }
}
