import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import type { CounterKey } from './usage-counters.repository.js';
import { UsageReservationEntity } from './usage-reservation.entity.js';

/**
 * Settling locks the reservation, then its counter. The gate holds the counter when it gives back expired reservations,
 * which is the other order, so that pass skips reservations somebody else is settling instead of waiting for them.
 */
const COUNTER_OF_SETTLED = `
  counter.user_id = settled.user_id AND counter.character_id = settled.character_id
  AND counter.day = settled.day AND counter.kind = settled.kind`;

const COMMIT = `
  WITH settled AS (
    UPDATE usage_reservations
    SET status = 'committed', event_id = $2::text, tokens = $3::int, settled_at = $4::timestamptz
    WHERE id = $1::uuid AND status = 'reserved' AND expires_at > $4::timestamptz
      AND NOT EXISTS (SELECT 1 FROM usage_reservations charged WHERE charged.event_id = $2::text)
    RETURNING user_id, character_id, day, kind, quantity
  ), counted AS (
    UPDATE usage_counters counter
    SET reserved = counter.reserved - settled.quantity, used = counter.used + settled.quantity
    FROM settled WHERE ${COUNTER_OF_SETTLED}
    RETURNING 1
  )
  SELECT count(*)::int AS moved FROM counted`;

const RELEASE = `
  WITH settled AS (
    UPDATE usage_reservations SET status = 'released', settled_at = $2::timestamptz
    WHERE id = $1::uuid AND status = 'reserved'
    RETURNING user_id, character_id, day, kind, quantity
  ), counted AS (
    UPDATE usage_counters counter SET reserved = counter.reserved - settled.quantity
    FROM settled WHERE ${COUNTER_OF_SETTLED}
    RETURNING 1
  )
  SELECT count(*)::int AS moved FROM counted`;

const EXPIRE = `
  WITH overdue AS (
    SELECT id FROM usage_reservations
    WHERE user_id = $1::uuid AND character_id = $2::uuid AND day = $3::date AND kind = $4::text
      AND status = 'reserved' AND expires_at <= $5::timestamptz
    FOR UPDATE SKIP LOCKED
  ), settled AS (
    UPDATE usage_reservations SET status = 'expired', settled_at = $5::timestamptz
    WHERE id IN (SELECT id FROM overdue) AND status = 'reserved'
    RETURNING quantity
  ), counted AS (
    UPDATE usage_counters SET reserved = reserved - (SELECT sum(quantity) FROM settled)
    WHERE user_id = $1::uuid AND character_id = $2::uuid AND day = $3::date AND kind = $4::text
      AND EXISTS (SELECT 1 FROM settled)
    RETURNING 1
  )
  SELECT count(*)::int AS moved FROM settled`;

// day as text: the pg driver reads a bare date as midnight in the server's own time zone.
const OVERDUE_COUNTERS = `
  SELECT DISTINCT user_id AS "userId", character_id AS "characterId", day::text AS day, kind
  FROM usage_reservations WHERE status = 'reserved' AND expires_at <= $1::timestamptz LIMIT $2::int`;

/** Every method moves reservation and counter together, in one statement, and says whether it was this call that did. */
@Injectable()
export class UsageReservationsRepository {
  constructor(private readonly database: Database) {}

  find(id: string): Promise<UsageReservationEntity | null> {
    return this.database.manager.findOneBy(UsageReservationEntity, { id });
  }

  findByEvent(eventId: string): Promise<UsageReservationEntity | null> {
    return this.database.manager.findOneBy(UsageReservationEntity, { eventId });
  }

  commit(id: string, eventId: string, tokens: number | null, now: Date): Promise<boolean> {
    return this.moved(COMMIT, [id, eventId, tokens, now]);
  }

  release(id: string, now: Date): Promise<boolean> {
    return this.moved(RELEASE, [id, now]);
  }

  /** Gives back what overdue reservations of one counter hold. */
  expire(key: CounterKey, now: Date): Promise<boolean> {
    return this.moved(EXPIRE, [key.userId, key.characterId, key.day, key.kind, now]);
  }

  overdueCounters(now: Date, limit: number): Promise<CounterKey[]> {
    return this.database.manager.query<CounterKey[]>(OVERDUE_COUNTERS, [now, limit]);
  }

  private async moved(sql: string, parameters: unknown[]): Promise<boolean> {
    const [row] = await this.database.manager.query<{ moved: number }[]>(sql, parameters);
    return row !== undefined && row.moved > 0;
  }
}
