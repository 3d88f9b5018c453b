import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { KindOfPlatform, PlatformOfUser } from './extraction.types.js';
import type { StoredItem } from './items.rules.js';

/** What the signature is made of. */
export interface ExtractedInput {
  platform: string;
  kind: string;
  at: Date | null;
  labels: string[];
  weight: number;
}

/** Where an item stands among its owner's. */
export type ItemPosition = [platform: string, kind: string, itemId: string];

export interface KeptItem extends ExtractedInput {
  id: string;
  title: string | null;
  seenAt: Date;
}

const BEFORE_ALL: ItemPosition = ['', '', ''];

export const positionOf = ({ platform, kind, id }: KeptItem): ItemPosition => [platform, kind, id];

/** Rows of `connector_items`. */
@Injectable()
export class ItemsRepository {
  constructor(private readonly database: Database) {}

  /** The same thing read again takes its place. */
  async upsert(
    { userId, platform, kind }: KindOfPlatform,
    jobId: string,
    items: readonly StoredItem[],
  ): Promise<void> {
    if (items.length === 0) return;
    await this.database.manager.query(
      `INSERT INTO connector_items (user_id, platform, kind, item_id, at, title, labels, weight, job_id)
       SELECT $1::uuid, $2, $3, i.id, i.at, i.title, i.labels, i.weight, $4::uuid
       FROM jsonb_to_recordset($5::jsonb) AS i (id text, at timestamptz, title text, labels text[], weight real)
       ON CONFLICT (user_id, platform, kind, item_id) DO UPDATE SET at = EXCLUDED.at, title = EXCLUDED.title,
         labels = EXCLUDED.labels, weight = EXCLUDED.weight, job_id = EXCLUDED.job_id, seen_at = now()`,
      [userId, platform, kind, jobId, JSON.stringify(items)],
    );
  }

  /** All of the kind that this job has not read. Answers how many there were. */
  removeUnseen({ userId, platform, kind }: KindOfPlatform, jobId: string): Promise<number> {
    return this.removed(
      'DELETE FROM connector_items WHERE user_id = $1 AND platform = $2 AND kind = $3 AND job_id <> $4',
      [userId, platform, kind, jobId],
    );
  }

  /** All of the kind but so many that were read last. Answers how many there were. */
  removeBeyond({ userId, platform, kind }: KindOfPlatform, count: number): Promise<number> {
    return this.removed(
      `DELETE FROM connector_items WHERE user_id = $1 AND platform = $2 AND kind = $3 AND item_id IN (
         SELECT item_id FROM connector_items WHERE user_id = $1 AND platform = $2 AND kind = $3
         ORDER BY seen_at DESC, item_id OFFSET $4)`,
      [userId, platform, kind, count],
    );
  }

  removeOf({ userId, platform }: PlatformOfUser): Promise<number> {
    return this.removed('DELETE FROM connector_items WHERE user_id = $1 AND platform = $2', [
      userId,
      platform,
    ]);
  }

  /** Of any platform. Answers how many there were, `limit` at most. */
  removeSome(userId: string, limit: number): Promise<number> {
    return this.removed(
      `DELETE FROM connector_items WHERE (user_id, platform, kind, item_id) IN (
         SELECT user_id, platform, kind, item_id FROM connector_items WHERE user_id = $1 LIMIT $2)`,
      [userId, limit],
    );
  }

  page(userId: string, after: ItemPosition | undefined, limit: number): Promise<KeptItem[]> {
    return this.database.manager.query<KeptItem[]>(
      `SELECT platform, kind, item_id AS id, at, title, labels, weight, seen_at AS "seenAt" FROM connector_items
       WHERE user_id = $1 AND (platform, kind, item_id) > ($2, $3, $4)
       ORDER BY platform, kind, item_id LIMIT $5`,
      [userId, ...(after ?? BEFORE_ALL), limit],
    );
  }

  async platformsOf(userId: string): Promise<string[]> {
    const rows = await this.database.manager.query<{ platform: string }[]>(
      `SELECT platform FROM connector_items WHERE user_id = $1
       UNION SELECT platform FROM connector_syncs WHERE user_id = $1 ORDER BY platform`,
      [userId],
    );
    return rows.map(({ platform }) => platform);
  }

  private async removed(sql: string, parameters: unknown[]): Promise<number> {
    const [gone] = await this.database.manager.query<{ count: number }[]>(
      `WITH gone AS (${sql} RETURNING 1) SELECT count(*)::int AS count FROM gone`,
      parameters,
    );
    return gone?.count ?? 0;
  }
}
