import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import { Clock } from '../platform/clock/clock.js';
import { Database } from '../platform/database/database.js';
import {
  UsageCountersRepository,
  type CounterKey,
  type CounterRow,
  type ReservationDraft,
} from './usage-counters.repository.js';
import type { UsageReservationEntity } from './usage-reservation.entity.js';
import { UsageReservationsRepository, type Charged } from './usage-reservations.repository.js';
import { usageCounters, usageRevision } from './usage.cache.js';
import type { KindTallies } from './usage.dto.js';
import { dayOf, talliesOf } from './usage.rules.js';

const userOf = ({ userId }: Pick<CounterKey, 'userId'>): [string] => [userId];
const entryOf = ({ userId, characterId }: CounterKey): [string, string] => [userId, characterId];

/** Moves counters and reservations together and drops what is cached about them. Knows no tier and no setting. */
@Injectable()
export class UsageLedger {
  constructor(
    private readonly database: Database,
    private readonly counters: UsageCountersRepository,
    private readonly reservations: UsageReservationsRepository,
    private readonly clock: Clock,
  ) {}

  /** Of the day on which they were read: the caller compares. */
  @Cacheable(usageCounters)
  tallies(userId: string, characterId: string): Promise<{ day: string; tallies: KindTallies }> {
    return this.readTallies(userId, characterId);
  }

  /** Reads past an entry of another day and drops it. */
  @CacheEvict(usageCounters, (userId, characterId) => [userId, characterId])
  turnDay(userId: string, characterId: string): Promise<{ day: string; tallies: KindTallies }> {
    return this.readTallies(userId, characterId);
  }

  /**
   * Reserves within `limit`. A refusal counts only after overdue reservations were given back: a crashed sender must not
   * cost the user a message until the next sweep. The second attempt also sees the numbers that the refusal is about.
   */
  @CacheEvict(usageCounters, entryOf)
  reserve(draft: ReservationDraft, limit: number | null): Promise<{ granted: boolean; rows: CounterRow[] }> {
    return this.database.transaction(async () => {
      const attempt = await this.counters.reserve(draft, limit);
      if (attempt.granted) return attempt;
      await this.reservations.expire(draft, draft.createdAt);
      return this.counters.reserve(draft, limit);
    });
  }

  /** Undefined when the reservation is no longer open or the event was charged before. */
  @CacheEvict(usageCounters, entryOf)
  @CacheEvict(usageRevision, userOf)
  charge(
    reservation: UsageReservationEntity,
    eventId: string,
    tokens: number | null,
  ): Promise<Charged | undefined> {
    return this.reservations.commit(reservation.id, eventId, tokens, this.clock.now());
  }

  /** Undefined when it was noted before, or there is no charge to note it at. */
  @CacheEvict(usageRevision, userOf)
  meter(reservation: UsageReservationEntity, tokens: number): Promise<number | undefined> {
    return this.reservations.meter(reservation.id, tokens);
  }

  /** False when the reservation was settled before. */
  @CacheEvict(usageCounters, entryOf)
  giveBack(reservation: UsageReservationEntity): Promise<boolean> {
    return this.reservations.release(reservation.id, this.clock.now());
  }

  @CacheEvict(usageCounters, entryOf)
  expire(key: CounterKey): Promise<boolean> {
    return this.reservations.expire(key, this.clock.now());
  }

  @Cacheable(usageRevision)
  revision(userId: string): Promise<number> {
    return this.reservations.revision(userId);
  }

  /** Straight from the table. */
  async talliesOn({ userId, characterId, day }: Omit<CounterKey, 'kind'>): Promise<KindTallies> {
    return talliesOf(await this.counters.ofDay(userId, day, characterId));
  }

  /** Waits for other settlements of the user, so that what is told of this one is not older than what they tell. */
  takeTurn(userId: string): Promise<void> {
    return this.reservations.holdUser(userId);
  }

  markTold(counter: CounterKey, percent: number): Promise<void> {
    return this.counters.markTold(counter, percent);
  }

  /** All characters of a user that have counters on `day`. */
  async byCharacter(userId: string, day: string): Promise<Map<string, KindTallies>> {
    const rows = new Map<string, CounterRow[]>();
    for (const row of await this.counters.ofDay(userId, day)) {
      rows.set(row.characterId, [...(rows.get(row.characterId) ?? []), row]);
    }
    return new Map([...rows].map(([characterId, own]) => [characterId, talliesOf(own)]));
  }

  private async readTallies(
    userId: string,
    characterId: string,
  ): Promise<{ day: string; tallies: KindTallies }> {
    const day = dayOf(this.clock.now());
    return { day, tallies: await this.talliesOn({ userId, characterId, day }) };
  }
}
