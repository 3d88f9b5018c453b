import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import { StatisticsRepository } from './statistics.repository.js';
import { StatisticsStore, type Snapshot } from './statistics-store.js';
import { UNITS } from './statistics-keys.js';

/** Compares what Redis keeps of a user with the ledger, where both are of the same revision. */
@Injectable()
export class StatisticsAudit {
  constructor(
    private readonly repository: StatisticsRepository,
    private readonly store: StatisticsStore,
    private readonly clock: Clock,
  ) {}

  /** False when something was wrong; it is dropped, and rebuilt when it is asked for. */
  async isRight(userId: string): Promise<boolean> {
    for (const unit of UNITS) {
      const kept = await this.store.read(userId, unit);
      const truth = kept && (await this.repository.snapshot(userId, unit, this.clock.now()));
      if (!kept || kept.revision !== truth?.revision) continue;
      const since = Math.max(kept.since, truth.since);
      if (digestOf(kept, since) === digestOf(truth, since)) continue;
      await this.store.drop(userId);
      return false;
    }
    return true;
  }
}

function digestOf({ tallies }: Snapshot, since: number): string {
  const first = new Date(since).toISOString();
  return tallies
    .filter(({ start, quantity, tokens }) => start >= first.slice(0, start.length) && quantity + tokens > 0)
    .map(({ start, characterId, kind, quantity, tokens }) =>
      [start, characterId, kind, quantity, tokens].join(' '),
    )
    .sort()
    .join('\n');
}
