import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { RedisConnections } from '@rapport/redis';
import { EventLog } from '../events/event-log.service.js';
import { Degradations } from './degradations.js';

/** The parts of the platform that do less without Redis, under the names that clients are told. */
@Injectable()
export class WatchedFeatures implements OnModuleInit {
  constructor(
    private readonly degradations: Degradations,
    private readonly cache: CacheService,
    private readonly events: EventLog,
    private readonly redis: RedisConnections,
  ) {}

  onModuleInit(): void {
    // A full Redis can still be read, but nothing new is shared and no other instance learns of a change at once.
    this.degradations.watch('cache', () => this.cache.stats().mode === 'bypass' || this.redisRefusesWrites);
    this.degradations.watch('events', () => this.events.degraded);
  }

  private get redisRefusesWrites(): boolean {
    return this.redis.mode !== 'none' && !this.redis.writable();
  }
}
