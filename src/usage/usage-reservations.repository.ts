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

/**
 * The next number for the user whose charges a statement changes. The row is held until the commit, so the numbers of
 * one user rise in the order of the commits, and a number says exactly which charges there are.
 */
const revisedBy = (changed: string): string => `revised AS (
    INSERT INTO usage_revisions AS known (user_id, revision, first_day)
    SELECT user_id, 1, day FROM ${changed}
    ON CONFLICT (user_id) DO UPDATE
    SET revision = known.revision + 1, first_day = least(known.first_day, excluded.first_day)
    RETURNING revision
  )`;

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
    RETURNING counter.used, counter.told_percent
  ), ${revisedBy('settled')}
  SELECT used, told_percent AS "toldPercent", revision FROM counted, revised`;

const METER = `
  WITH metered AS (
    UPDATE usage_reservations SET tokens = $2::int
    WHERE id = $1::uuid AND status = 'committed' AND tokens IS NULL
    RETURNING user_id, day
  ), ${revisedBy('metered')}
  SELECT revision FROM revised`;

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

const REVISION = 'SELECT revision FROM usage_revisions WHERE user_id = $1::uuid';

// day as text: the pg driver reads a bare date as midnight in the server's own time zone.
const OVERDUE_COUNTERS = `
  SELECT DISTINCT user_id AS "userId", character_id AS "characterId", day::text AS day, kind
  FROM usage_reservations WHERE status = 'reserved' AND expires_at <= $1::timestamptz LIMIT $2::int`;

/** What a charge has made of its counter and of the user's charges. */
export interface Charged {
  used: number;
  /** How much of the limit the user was last told of. */
  toldPercent: number;
  /** Of the user's charges, this one included. */
  revision: number;
}

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

  /** Undefined when the reservation is no longer open, or the event was charged before. */
  async commit(id: string, eventId: string, tokens: number | null, now: Date): Promise<Charged | undefined> {
    const [charged] = await this.database.manager.query<Charged[]>(COMMIT, [id, eventId, tokens, now]);
    return charged;
  }

  /** Notes what a charged reply took, once; the revision that this makes, undefined when it was noted before. */
  async meter(id: string, tokens: number): Promise<number | undefined> {
    const [row] = await this.database.manager.query<{ revision: number }[]>(METER, [id, tokens]);
    return row?.revision;
  }

  /** 0 before the first charge. */
  async revision(userId: string): Promise<number> {
    const [row] = await this.database.manager.query<{ revision: number }[]>(REVISION, [userId]);
    return row?.revision ?? 0;
  }

  /** Waits until no other transaction settles anything of the user, and keeps others waiting until the commit. */
  async holdUser(userId: string): Promise<void> {
    await this.database.manager.query(`${REVISION} FOR UPDATE`, [userId]);
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
