import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import type { CounterKey } from './usage-counters.repository.js';

/** What the reservations of a counter add up to. */
const LEDGER = `
  SELECT coalesce(sum(quantity) FILTER (WHERE status = 'committed'), 0)::int AS used,
    coalesce(sum(quantity) FILTER (WHERE status = 'reserved'), 0)::int AS reserved
  FROM usage_reservations charge
  WHERE charge.user_id = counter.user_id AND charge.day = counter.day
    AND charge.character_id = counter.character_id AND charge.kind = counter.kind`;

/** One statement: it sees counters and reservations as of one moment, so what moves meanwhile does not look wrong. */
const PAGE = `
  SELECT counter.user_id AS "userId", counter.character_id AS "characterId", counter.day::text AS day, counter.kind,
    (counter.used, counter.reserved) = (ledger.used, ledger.reserved) AS "isRight"
  FROM usage_counters counter, LATERAL (${LEDGER}) AS ledger
  WHERE counter.day >= $1::date
    AND (counter.day, counter.character_id, counter.user_id, counter.kind) > ($2::date, $3::uuid, $4::uuid, $5::text)
  ORDER BY counter.day, counter.character_id, counter.user_id, counter.kind LIMIT $6::int`;

const OF_COUNTER = 'user_id = $1::uuid AND character_id = $2::uuid AND day = $3::date AND kind = $4::text';

const HOLD = `SELECT 1 FROM usage_counters WHERE ${OF_COUNTER} FOR UPDATE`;

const REPAIR = `
  UPDATE usage_counters counter SET (used, reserved) = (${LEDGER}) WHERE ${OF_COUNTER}`;

export type AuditedCounter = CounterKey & { isRight: boolean };

const LOWEST = '00000000-0000-0000-0000-000000000000';

/** Compares counters with the reservations they stand for. */
@Injectable()
export class UsageAuditRepository {
  constructor(private readonly database: Database) {}

  /** Those of `since` and later that come after one, in an order of their own. */
  page(since: string, after: CounterKey | undefined, limit: number): Promise<AuditedCounter[]> {
    const { day, characterId, userId, kind } = after ?? {
      day: since,
      characterId: LOWEST,
      userId: LOWEST,
      kind: '',
    };
    return this.database.manager.query<AuditedCounter[]>(PAGE, [
      since,
      day,
      characterId,
      userId,
      kind,
      limit,
    ]);
  }

  /** Inside a transaction. Whoever settles meanwhile waits for the counter, and adds to what is right then. */
  async repair({ userId, characterId, day, kind }: CounterKey): Promise<void> {
    const key = [userId, characterId, day, kind];
    await this.database.manager.query(HOLD, key);
    await this.database.manager.query(REPAIR, key);
  }
}
