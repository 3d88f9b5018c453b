import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import { CacheService } from '@rapport/cache';
import { RedisConnections } from '@rapport/redis';
import { Clock } from '../../../src/platform/clock/clock.js';
import type { Database } from '../../../src/platform/database/database.js';
import type { LogEvent } from '../../../src/platform/events/event-log.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { EventOutbox } from '../../../src/platform/events/event-outbox.service.js';
import { PeriodicTasks, type PeriodicTask } from '../../../src/platform/jobs/periodic.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { ReservationSweep } from '../../../src/usage/reservation-sweep.js';
import { ActiveUsersRepository } from '../../../src/usage/statistics/active-users.repository.js';
import { ActiveUsersService } from '../../../src/usage/statistics/active-users.service.js';
import { ActiveUsersStore } from '../../../src/usage/statistics/active-users.store.js';
import { StatisticsAudit } from '../../../src/usage/statistics/statistics-audit.js';
import { StatisticsKeys } from '../../../src/usage/statistics/statistics-keys.js';
import { StatisticsRepository } from '../../../src/usage/statistics/statistics.repository.js';
import { StatisticsService } from '../../../src/usage/statistics/statistics.service.js';
import { StatisticsStore } from '../../../src/usage/statistics/statistics-store.js';
import { TopCharacters } from '../../../src/usage/statistics/top-characters.js';
import { UsageAudit } from '../../../src/usage/usage-audit.js';
import { UsageAuditRepository } from '../../../src/usage/usage-audit.repository.js';
import { UsageCounterEntity } from '../../../src/usage/usage-counter.entity.js';
import { UsageCountersRepository } from '../../../src/usage/usage-counters.repository.js';
import { UsageLedger } from '../../../src/usage/usage-ledger.service.js';
import { UsageReservationEntity } from '../../../src/usage/usage-reservation.entity.js';
import { UsageReservationsRepository } from '../../../src/usage/usage-reservations.repository.js';
import { UsageSettlement } from '../../../src/usage/usage-settlement.service.js';
import type { UsageTier } from '../../../src/usage/usage-kind.js';
import { UsageService } from '../../../src/usage/usage.service.js';
import { UsageSettings } from '../../../src/usage/usage.settings.js';
import { UsersService } from '../../../src/users/users.service.js';
import { groundOf } from '../../support/feature-ground.js';

export const USAGE_ENTITIES = [UsageCounterEntity, UsageReservationEntity];

/** Stands still until it is moved. */
export class FrozenClock extends Clock {
  constructor(private at: Date) {
    super();
  }

  override now(): Date {
    return new Date(this.at);
  }

  set(at: string): void {
    this.at = new Date(at);
  }

  advance(ms: number): void {
    this.at = new Date(this.at.getTime() + ms);
  }
}

/** The sweeps are the tests' to call: by themselves they would take what a test has reserved by a clock of the past. */
class NoSweeps extends PeriodicTasks {
  override every(name: string, periodMs: number, task: PeriodicTask): void {
    if (name === 'event outbox') super.every(name, periodMs, task);
  }
}

export interface UsageHarness {
  usage: UsageService;
  statistics: StatisticsService;
  activeUsers: ActiveUsersService;
  /** The statistics as the ledger alone gives them. */
  repository: StatisticsRepository;
  audit: UsageAudit;
  /** Undefined without an url. */
  redis: RedisConnections['commands'];
  keys: StatisticsKeys;
  /** What the user's devices heard. */
  told: LogEvent[];
  sweep: ReservationSweep;
  clock: FrozenClock;
  settings: UsageSettings;
  database: Database;
  /** Users are free unless named here. */
  tiers: Map<string, UsageTier>;
  /** What the reservation rows add up to, straight from the table. */
  rowsOf(userId: string): Promise<{ used: number; reserved: number }>;
  /** What the counter rows add up to. */
  countersOf(userId: string): Promise<{ used: number; reserved: number }>;
  /** Resolves when the cache is used again, should a busy machine have made it step aside. */
  cacheInUse(): Promise<void>;
  close(): Promise<void>;
}

/** What the feature is made of and stands on, for a testing module. */
export function usageParts(database: Database, connections = new RedisConnections({})) {
  const environment = `usage-test-${randomUUID()}`;
  const ground = groundOf(database, connections, environment);
  const clock = new FrozenClock(new Date('2026-11-20T12:00:00.000Z'));
  const settings = new UsageSettings();
  const tiers = new Map<string, UsageTier>();
  const users = { tierOf: (id: string) => Promise.resolve(tiers.get(id) ?? 'free') };
  return {
    clock,
    settings,
    tiers,
    keys: new StatisticsKeys(`rapport:${environment}`),
    cache: ground.cache,
    providers: [
      ...ground.providers,
      { provide: Clock, useValue: clock },
      { provide: UsageSettings, useValue: settings },
      { provide: UsersService, useValue: users },
      Metrics,
      EventLog,
      EventOutbox,
      { provide: PeriodicTasks, useClass: NoSweeps },
      UsageCountersRepository,
      UsageReservationsRepository,
      UsageLedger,
      UsageSettlement,
      UsageService,
      ReservationSweep,
      StatisticsRepository,
      StatisticsStore,
      StatisticsAudit,
      StatisticsService,
      TopCharacters,
      ActiveUsersRepository,
      ActiveUsersStore,
      ActiveUsersService,
      UsageAuditRepository,
      UsageAudit,
    ],
  };
}

/** The usage feature on a real database, with the cache in memory or, given an url, on a real Redis. */
export async function startUsage(database: Database, redisUrl?: string): Promise<UsageHarness> {
  const connections = new RedisConnections({ url: redisUrl });
  await connections.start();
  const { clock, settings, tiers, keys, cache, providers } = usageParts(database, connections);
  const module = await Test.createTestingModule({ imports: [cache], providers }).compile();
  await module.init();
  const told: LogEvent[] = [];
  module.get(EventLog).listen(({ event }) => told.push(event));

  const sums = async (sql: string, userId: string): Promise<{ used: number; reserved: number }> => {
    const [row] = await database.manager.query<{ used: number; reserved: number }[]>(sql, [userId]);
    return { used: row?.used ?? 0, reserved: row?.reserved ?? 0 };
  };
  return {
    usage: module.get(UsageService),
    statistics: module.get(StatisticsService),
    activeUsers: module.get(ActiveUsersService),
    repository: module.get(StatisticsRepository),
    audit: module.get(UsageAudit),
    redis: connections.commands,
    keys,
    told,
    sweep: module.get(ReservationSweep),
    clock,
    settings,
    database,
    tiers,
    rowsOf: (userId) =>
      sums(
        `SELECT coalesce(sum(quantity) FILTER (WHERE status = 'committed'), 0)::int AS used,
                coalesce(sum(quantity) FILTER (WHERE status = 'reserved'), 0)::int AS reserved
         FROM usage_reservations WHERE user_id = $1::uuid`,
        userId,
      ),
    countersOf: (userId) =>
      sums(
        `SELECT coalesce(sum(used), 0)::int AS used, coalesce(sum(reserved), 0)::int AS reserved
         FROM usage_counters WHERE user_id = $1::uuid`,
        userId,
      ),
    cacheInUse: async () => {
      const cache = module.get(CacheService);
      while (cache.stats().breaker !== 'closed') await sleep(10);
    },
    close: async () => {
      await module.close();
      connections.close();
    },
  };
}
