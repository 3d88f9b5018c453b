import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { KindOfPlatform, PlatformOfUser } from './extraction.types.js';

/** The platform's clock may be behind: what came meanwhile must not be missed, and read twice it is kept once. */
const OVERLAP = `interval '10 minutes'`;

/** Rows of `connector_syncs`: which kinds were read to their end, and when that began. */
@Injectable()
export class SyncsRepository {
  constructor(private readonly database: Database) {}

  /** What an extraction of the kind has read already; undefined for nothing. */
  async readThrough({ userId, platform, kind }: KindOfPlatform): Promise<Date | undefined> {
    const rows = await this.database.manager.query<{ at: Date }[]>(
      `SELECT began_at - ${OVERLAP} AS at FROM connector_syncs WHERE user_id = $1 AND platform = $2 AND kind = $3`,
      [userId, platform, kind],
    );
    return rows[0]?.at;
  }

  async note({ userId, platform, kind }: KindOfPlatform, jobId: string, beganAt: Date): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO connector_syncs (user_id, platform, kind, job_id, began_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id, platform, kind) DO UPDATE SET job_id = EXCLUDED.job_id, began_at = EXCLUDED.began_at`,
      [userId, platform, kind, jobId, beganAt],
    );
  }

  async forget({ userId, platform }: PlatformOfUser): Promise<void> {
    await this.database.manager.query('DELETE FROM connector_syncs WHERE user_id = $1 AND platform = $2', [
      userId,
      platform,
    ]);
  }

  async forgetAll(userId: string): Promise<void> {
    await this.database.manager.query('DELETE FROM connector_syncs WHERE user_id = $1', [userId]);
  }

  /** Until the transaction ends nobody else orders anything for this platform of the user. */
  async holdOrders({ userId, platform }: PlatformOfUser): Promise<void> {
    await this.database.manager.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('extractions:' || $1 || ':' || $2, 0))`,
      [userId, platform],
    );
  }
}
