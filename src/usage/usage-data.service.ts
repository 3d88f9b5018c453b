import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import {
  ErasesUserData,
  ExportsUserData,
  jsonLines,
  type ExportedBatch,
} from '../platform/user-data/user-data.decorators.js';
import { StatisticsStore } from './statistics/statistics-store.js';

const BATCH = 1_000;

/**
 * What was counted of people. The ledger outlives an account: its rows name nobody once the account is erased, and the
 * statistics of characters and days stay right.
 */
@Injectable()
export class UsageData {
  constructor(
    private readonly database: Database,
    private readonly statistics: StatisticsStore,
  ) {}

  @ExportsUserData('usage')
  async export(userId: string, after: string | undefined): Promise<ExportedBatch> {
    const rows = await this.database.manager.query<{ id: string }[]>(
      `SELECT id, character_id AS "characterId", day, kind, quantity, tokens, created_at AS "createdAt"
       FROM usage_reservations
       WHERE user_id = $1 AND status = 'committed' AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3`,
      [userId, after ?? null, BATCH],
    );
    return {
      parts: [{ file: 'usage.jsonl', content: jsonLines(rows) }],
      next: rows.length === BATCH ? rows.at(-1)?.id : undefined,
    };
  }

  /** What is kept of one person outside the database. */
  @ErasesUserData('usage', 20)
  async erase(userId: string): Promise<boolean> {
    await this.statistics.drop(userId);
    return false;
  }
}
