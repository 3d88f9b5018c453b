import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { LimitReading } from './limit-headers.js';

/** Whose limit: a user's at a platform, or with null the application's. */
export interface QuotaOwner {
  platform: string;
  userId: string | null;
}

export interface QuotaRow extends QuotaOwner {
  limit: number | null;
  remaining: number | null;
  resetsAt: Date | null;
  blockedUntil: Date | null;
  source: 'header' | '429';
  observedAt: Date;
}

const COLUMNS = `platform, user_id AS "userId", quota AS "limit", remaining, resets_at AS "resetsAt",
  blocked_until AS "blockedUntil", source, observed_at AS "observedAt"`;

// By the clock of the database, which all processes share. Answers overtake each other, so that one which was sent before
// a refusal must not end what the refusal began.
const SAVE = `
  INSERT INTO provider_quotas AS known (platform, user_id, quota, remaining, resets_at, blocked_until, source, observed_at)
  VALUES ($1, $2::uuid, $3::int, $4::int, now() + $5::float8 * interval '1 millisecond',
    now() + $6::float8 * interval '1 millisecond', $7, now())
  ON CONFLICT ON CONSTRAINT provider_quotas_key DO UPDATE SET
    quota = coalesce(EXCLUDED.quota, known.quota), remaining = EXCLUDED.remaining, resets_at = EXCLUDED.resets_at,
    blocked_until = greatest(known.blocked_until, EXCLUDED.blocked_until), source = EXCLUDED.source,
    observed_at = EXCLUDED.observed_at`;

/** What platforms last said of their limits. */
@Injectable()
export class ProviderQuotasRepository {
  constructor(private readonly database: Database) {}

  async save({ platform, userId }: QuotaOwner, reading: LimitReading): Promise<void> {
    const { limit, remaining, resetsInMs, blockedForMs, isRefused } = reading;
    await this.database.manager.query(SAVE, [
      platform,
      userId,
      limit ?? null,
      remaining ?? null,
      resetsInMs ?? null,
      blockedForMs ?? null,
      isRefused ? '429' : 'header',
    ]);
  }

  /** Milliseconds for which nothing is to be asked; 0 for none. */
  async blockedForMs({ platform, userId }: QuotaOwner): Promise<number> {
    const rows = await this.database.manager.query<{ ms: number }[]>(
      `SELECT ceil(extract(epoch FROM blocked_until - now()) * 1000)::int AS ms FROM provider_quotas
       WHERE platform = $1 AND blocked_until > now() AND ${userId === null ? 'user_id IS NULL' : 'user_id = $2::uuid'}`,
      userId === null ? [platform] : [platform, userId],
    );
    return rows[0]?.ms ?? 0;
  }

  /** The user's, and those that all share. */
  ofUser(userId: string): Promise<QuotaRow[]> {
    return this.database.manager.query<QuotaRow[]>(
      `SELECT ${COLUMNS} FROM provider_quotas WHERE user_id = $1 OR user_id IS NULL ORDER BY platform`,
      [userId],
    );
  }

  /** Only the user's own. */
  async deleteOf(userId: string, platform?: string): Promise<void> {
    await this.database.manager.query(
      'DELETE FROM provider_quotas WHERE user_id = $1 AND ($2::text IS NULL OR platform = $2)',
      [userId, platform ?? null],
    );
  }
}
