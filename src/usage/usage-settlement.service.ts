import { Injectable } from '@nestjs/common';
import { isUniqueViolation } from '../platform/database/database.failures.js';
import { Database } from '../platform/database/database.js';
import { AppError } from '../platform/errors/app-error.js';
import { EventOutbox } from '../platform/events/event-outbox.service.js';
import { userStream } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { ActiveUsersStore } from './statistics/active-users.store.js';
import { StatisticsStore } from './statistics/statistics-store.js';
import type { CounterKey } from './usage-counters.repository.js';
import { UsageLedger } from './usage-ledger.service.js';
import type { UsageReservationEntity } from './usage-reservation.entity.js';
import type { Charged } from './usage-reservations.repository.js';
import type { UsageTier } from './usage-kind.js';
import { USAGE_LIMIT, USAGE_UPDATED, type UsageLimitReached, type UsageUpdated } from './usage.events.js';
import { usageErrors } from './usage.errors.js';
import { dayHeading, limitsOf, noticeOf, withLimits } from './usage.rules.js';
import { UsageSettings } from './usage.settings.js';

/** The constraint under which one event is charged once. */
const EVENT_KEY = 'usage_reservations_event_id_key';

export interface ChargedEvent {
  /** What is charged, once however often it is committed. */
  eventId: string;
  tokens?: number;
}

/**
 * Ends reservations. What that changes is told in the same transaction: to the user's devices as facts, and after the
 * commit to the statistics.
 */
@Injectable()
export class UsageSettlement {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly ledger: UsageLedger,
    private readonly statistics: StatisticsStore,
    private readonly activeUsers: ActiveUsersStore,
    private readonly outbox: EventOutbox,
    private readonly settings: UsageSettings,
  ) {}

  /** False when the reservation is no longer open or the event was charged before. */
  async charge(reservation: UsageReservationEntity, { eventId, tokens }: ChargedEvent): Promise<boolean> {
    const tier = await this.findTier(reservation.userId);
    const joined = this.database.inTransaction;
    try {
      return await this.database.transaction(async () => {
        const charged = await this.ledger.charge(reservation, eventId, tokens ?? null);
        if (!charged) return false;
        await this.database.afterCommit(() => {
          this.statistics.add({ ...reservation, tokens: tokens ?? 0, revision: charged.revision });
          this.activeUsers.note(reservation);
        });
        await this.tell(reservation, tier, charged);
        return true;
      });
    } catch (error) {
      if (!isUniqueViolation(error, EVENT_KEY)) throw error;
      // Another reservation charged the event while this statement ran. A failed statement ends a transaction.
      if (!joined) return false;
      throw usageErrors['already-settled'](
        `Event "${eventId}" is being charged by another reservation; try again.`,
        { cause: error },
      );
    }
  }

  /** Notes what a reply took that was charged before its length was known. */
  async meter(reservation: UsageReservationEntity, tokens: number): Promise<void> {
    await this.database.transaction(async () => {
      const revision = await this.ledger.meter(reservation, tokens);
      if (revision === undefined) return;
      const metered = { ...reservation, quantity: 0, tokens, revision };
      await this.database.afterCommit(() => this.statistics.add(metered));
    });
  }

  /** False when the reservation was settled before. */
  async giveBack(reservation: UsageReservationEntity): Promise<boolean> {
    return this.settle(reservation, () => this.ledger.giveBack(reservation));
  }

  /** Gives back what overdue reservations of one counter hold. */
  async expire(counter: CounterKey): Promise<boolean> {
    return this.settle(counter, () => this.ledger.expire(counter));
  }

  private async settle(counter: CounterKey, work: () => Promise<boolean>): Promise<boolean> {
    const tier = await this.findTier(counter.userId);
    return this.database.transaction(async () => {
      const settled = await work();
      if (!settled) return false;
      await this.ledger.takeTurn(counter.userId);
      await this.tell(counter, tier);
      return true;
    });
  }

  private async tell(counter: CounterKey, tier: UsageTier | undefined, charged?: Charged): Promise<void> {
    if (tier === undefined) return;
    const { userId, characterId, day, kind } = counter;
    const limits = limitsOf(tier, this.settings);
    const heading = dayHeading(tier, day);
    const counters = withLimits(await this.ledger.talliesOn(counter), limits);
    const stream = userStream(userId);
    const updated: UsageUpdated = { characterId, ...heading, counters };
    this.outbox.add({ stream, type: USAGE_UPDATED, data: updated });

    const limit = limits[kind];
    if (!charged || limit === null) return;
    const percent = noticeOf(limit, charged.used, charged.toldPercent);
    if (percent === undefined) return;
    await this.ledger.markTold(counter, percent);
    const { resetsAt } = heading;
    const data: UsageLimitReached = { characterId, kind, percent, used: charged.used, limit, day, resetsAt };
    this.outbox.add({ stream, type: USAGE_LIMIT, data });
  }

  /** Nobody is told where the account is gone; its reservations still end. */
  private async findTier(userId: string): Promise<UsageTier | undefined> {
    try {
      return await this.users.tierOf(userId);
    } catch (error) {
      if (error instanceof AppError && error.kind === 'not-found') return undefined;
      throw error;
    }
  }
}
