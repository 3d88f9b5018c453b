import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import { dayOf } from '../usage.rules.js';
import { UsageSettings } from '../usage.settings.js';
import { ActiveUsersRepository, type DayCount } from './active-users.repository.js';
import { ActiveUsersStore } from './active-users.store.js';
import { DAY_MS } from './buckets.rules.js';
import { assertDays, spanOf, zoneOf } from './span.js';
import type { ActiveUsersQuery, DailyActiveUsers } from './statistics.dto.js';

const DEFAULT_SPAN_MS = 30 * DAY_MS;

/**
 * How many users were active on each day. A day that is over is counted in the ledger; the present one is estimated in
 * Redis, where counting would get slower with every user, and counted where Redis is away.
 */
@Injectable()
export class ActiveUsersService {
  private readonly utc = zoneOf('UTC');

  constructor(
    private readonly repository: ActiveUsersRepository,
    private readonly store: ActiveUsersStore,
    private readonly settings: UsageSettings,
    private readonly clock: Clock,
  ) {}

  /** @throws validation-failed */
  async daily({ characterId, ...query }: ActiveUsersQuery): Promise<DailyActiveUsers> {
    const span = spanOf(query, this.utc, this.clock.now(), DEFAULT_SPAN_MS);
    assertDays(span);
    const days = daysOf(span.from, span.to);
    const [first = '', last = ''] = [days[0], days.at(-1)];
    const estimates = new Map<string, number>();
    for (const day of days.filter((candidate) => this.isOpen(candidate))) {
      const estimate = await this.store.estimate(day, characterId?.toLowerCase());
      if (estimate !== undefined) estimates.set(day, estimate);
    }
    const counted = days.filter((day) => !estimates.has(day));
    const [users, newUsers] = await Promise.all([
      counted.length > 0 ? this.repository.counts(first, counted.at(-1) ?? last, characterId) : [],
      this.repository.newUsers(first, last, characterId),
    ]);
    const countOf = byDay(users);
    const newOf = byDay(newUsers);
    return {
      days: days.map((date) => {
        const estimate = estimates.get(date);
        return {
          date,
          users: estimate ?? countOf.get(date) ?? 0,
          newUsers: newOf.get(date) ?? 0,
          exact: estimate === undefined,
        };
      }),
    };
  }

  /** Whether messages may still be charged to a day. */
  private isOpen(day: string): boolean {
    const now = this.clock.now();
    return day === dayOf(now) || day === dayOf(new Date(now.getTime() - this.settings.reservationTtlMs));
  }
}

function daysOf(from: number, to: number): string[] {
  const days: string[] = [];
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; day < to; day += DAY_MS) days.push(dayOf(new Date(day)));
  return days;
}

const byDay = (counts: readonly DayCount[]): Map<string, number> =>
  new Map(counts.map(({ day, users }) => [day, users]));
