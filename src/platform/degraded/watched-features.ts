import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { EventLog } from '../events/event-log.service.js';
import { Degradations } from './degradations.js';

/** The parts of the platform that do less without Redis, under the names that clients are told. */
@Injectable()
export class WatchedFeatures implements OnModuleInit {
  constructor(
    private readonly degradations: Degradations,
    private readonly cache: CacheService,
    private readonly events: EventLog,
  ) {}

  onModuleInit(): void {
    this.degradations.watch('cache', () => this.cache.stats().mode === 'bypass');
    this.degradations.watch('events', () => this.events.degraded);
  }
}
