import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CacheEvict } from '@rapport/cache';
import type { Counter } from 'prom-client';
import { Clock } from '../platform/clock/clock.js';
import { Database } from '../platform/database/database.js';
import { PeriodicTasks } from '../platform/jobs/periodic.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { ActiveUsersStore } from './statistics/active-users.store.js';
import { DAY_MS, HOUR_MS } from './statistics/buckets.rules.js';
import { StatisticsAudit } from './statistics/statistics-audit.js';
import type { CounterKey } from './usage-counters.repository.js';
import { UsageAuditRepository, type AuditedCounter } from './usage-audit.repository.js';
import { usageCounters } from './usage.cache.js';
import { dayOf } from './usage.rules.js';

const PAGE = 500;
/** Users whose statistics are compared per run. */
const SAMPLE = 20;

const entryOf = ({ userId, characterId }: CounterKey): [string, string] => [userId, characterId];

/** What one run found to be wrong, and has put right. */
export interface AuditFindings {
  counters: number;
  statistics: number;
}

/**
 * Proves counters and statistics equal to the ledger, once an hour. They move together in one statement, so it finds
 * nothing unless somebody changed rows by hand or restored a part of them; then the ledger wins.
 */
@Injectable()
export class UsageAudit implements OnApplicationBootstrap {
  private readonly logger = new Logger(UsageAudit.name);
  private readonly findings: Counter<'what'>;

  constructor(
    private readonly tasks: PeriodicTasks,
    private readonly database: Database,
    private readonly repository: UsageAuditRepository,
    private readonly statistics: StatisticsAudit,
    private readonly activeUsers: ActiveUsersStore,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.findings = metrics.counter(
      'usage_audit_findings_total',
      'Counters and statistics that were not what the ledger adds up to.',
      ['what'],
    );
  }

  onApplicationBootstrap(): void {
    this.tasks.every('usage-audit', HOUR_MS, async (signal) => void (await this.run(signal)));
  }

  async run(signal?: AbortSignal): Promise<AuditFindings> {
    const found: AuditFindings = { counters: 0, statistics: 0 };
    const now = this.clock.now();
    const users = new Set<string>();
    for await (const counter of this.countersSince(dayOf(new Date(now.getTime() - DAY_MS)))) {
      if (signal?.aborted) return found;
      if (users.size < SAMPLE) users.add(counter.userId);
      if (counter.isRight) continue;
      await this.repair(counter);
      found.counters += 1;
    }
    for (const userId of users) {
      if (signal?.aborted) return found;
      if (!(await this.statistics.isRight(userId))) found.statistics += 1;
    }
    await this.activeUsers.refresh(dayOf(now));
    for (const [what, count] of Object.entries(found)) this.findings.inc({ what }, count);
    if (found.counters + found.statistics > 0)
      this.logger.error({ msg: 'Usage was not what it adds up to', found });
    return found;
  }

  @CacheEvict(usageCounters, entryOf)
  protected repair(counter: CounterKey): Promise<void> {
    return this.database.transaction(() => this.repository.repair(counter));
  }

  private async *countersSince(day: string): AsyncGenerator<AuditedCounter> {
    let page: AuditedCounter[] = [];
    do {
      page = await this.repository.page(day, page.at(-1), PAGE);
      yield* page;
    } while (page.length === PAGE);
  }
}
