import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';

export interface DayCount {
  /** UTC date. */
  day: string;
  users: number;
}

/** $1 and $2 dates, both part of it · $3 character or null */
const USED = `
  FROM usage_counters
  WHERE day >= $1::date AND day <= $2::date AND used > 0 AND ($3::uuid IS NULL OR character_id = $3::uuid)`;

const COUNTS = `SELECT day::text AS day, count(DISTINCT user_id)::int AS users ${USED} GROUP BY 1`;

const IDS = `SELECT DISTINCT user_id AS id ${USED} LIMIT $4::int`;

const NEW = `
  SELECT first_day::text AS day, count(*)::int AS users FROM usage_revisions
  WHERE first_day >= $1::date AND first_day <= $2::date GROUP BY 1`;

const NEW_TO_CHARACTER = `
  SELECT first_day::text AS day, count(*)::int AS users FROM (
    SELECT min(day) AS first_day FROM usage_counters
    WHERE used > 0 AND character_id = $3::uuid GROUP BY user_id
  ) AS firsts
  WHERE first_day >= $1::date AND first_day <= $2::date GROUP BY 1`;

/** Who had messages charged on which UTC day, counted one by one. */
@Injectable()
export class ActiveUsersRepository {
  constructor(private readonly database: Database) {}

  /** Of days with anybody. */
  counts(first: string, last: string, characterId?: string): Promise<DayCount[]> {
    return this.database.manager.query<DayCount[]>(COUNTS, [first, last, characterId ?? null]);
  }

  newUsers(first: string, last: string, characterId?: string): Promise<DayCount[]> {
    return characterId === undefined
      ? this.database.manager.query<DayCount[]>(NEW, [first, last])
      : this.database.manager.query<DayCount[]>(NEW_TO_CHARACTER, [first, last, characterId]);
  }

  async idsOf(day: string, characterId: string | undefined, limit: number): Promise<string[]> {
    const rows = await this.database.manager.query<{ id: string }[]>(IDS, [
      day,
      day,
      characterId ?? null,
      limit,
    ]);
    return rows.map(({ id }) => id);
  }
}
