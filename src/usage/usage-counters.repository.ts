import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { UsageCounterEntity } from './usage-counter.entity.js';
import type { UsageKind } from './usage-kind.js';

/** One counter: the row that a limit guards. */
export interface CounterKey {
  userId: string;
  characterId: string;
  day: string;
  kind: UsageKind;
}

export interface ReservationDraft extends CounterKey {
  id: string;
  quantity: number;
  createdAt: Date;
  expiresAt: Date;
}

export interface CounterRow {
  kind: UsageKind;
  used: number;
  reserved: number;
}

/**
 * The gate. Adds to `reserved` only while the sum stays within the limit, and writes the reservation only when it did;
 * concurrent callers queue on the counter's row lock, so the limit holds without a lock of ours. `$8` null: no limit.
 * The INSERT has its own condition because ON CONFLICT's WHERE does not guard a first row.
 */
const RESERVE = `
  WITH gate AS (
    INSERT INTO usage_counters AS counter (user_id, character_id, day, kind, used, reserved)
    SELECT $2::uuid, $3::uuid, $4::date, $5::text, 0, $6::int
    WHERE $8::int IS NULL OR $6::int <= $8::int
    ON CONFLICT (user_id, character_id, day, kind)
    DO UPDATE SET reserved = counter.reserved + excluded.reserved
    WHERE $8::int IS NULL OR counter.used + counter.reserved + excluded.reserved <= $8::int
    RETURNING kind, used, reserved
  ), reservation AS (
    INSERT INTO usage_reservations
      (id, user_id, character_id, day, kind, quantity, status, created_at, expires_at)
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::date, $5::text, $6::int, 'reserved', $7::timestamptz, $9::timestamptz
    FROM gate
  )
  SELECT kind, used, reserved, true AS granted FROM gate
  UNION ALL
  SELECT kind, used, reserved, false FROM usage_counters
  WHERE user_id = $2::uuid AND character_id = $3::uuid AND day = $4::date
    AND NOT (kind = $5::text AND EXISTS (SELECT 1 FROM gate))`;

@Injectable()
export class UsageCountersRepository {
  constructor(private readonly database: Database) {}

  /** `rows` are all counters of the day: after the reservation when granted, as they stood when refused. */
  async reserve(
    draft: ReservationDraft,
    limit: number | null,
  ): Promise<{ granted: boolean; rows: CounterRow[] }> {
    const rows = await this.database.manager.query<(CounterRow & { granted: boolean })[]>(RESERVE, [
      draft.id,
      draft.userId,
      draft.characterId,
      draft.day,
      draft.kind,
      draft.quantity,
      draft.createdAt,
      limit,
      draft.expiresAt,
    ]);
    return { granted: rows.some((row) => row.granted), rows };
  }

  /** One character's counters, or with none named all of the user's, of one day. */
  ofDay(userId: string, day: string, characterId?: string): Promise<UsageCounterEntity[]> {
    return this.database.manager.find(UsageCounterEntity, {
      where: { userId, day, ...(characterId === undefined ? {} : { characterId }) },
      order: { characterId: 'ASC', kind: 'ASC' },
    });
  }

  /** Notes how much of the limit the user was told of. */
  async markTold({ userId, characterId, day, kind }: CounterKey, percent: number): Promise<void> {
    const key = { userId, characterId, day, kind };
    await this.database.manager.update(UsageCounterEntity, key, { toldPercent: percent });
  }
}
