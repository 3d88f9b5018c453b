import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { TokenVault, UnreadableSeal, type SealContext } from './token-vault.js';

const BATCH = 500;

/** Wherever something sealed is stored. */
const PLACES: readonly { table: string; column: string; kind: SealContext['kind'] }[] = [
  { table: 'connector_accounts', column: 'access_token', kind: 'access' },
  { table: 'connector_accounts', column: 'refresh_token', kind: 'refresh' },
  { table: 'connector_revocations', column: 'access_token', kind: 'access' },
  { table: 'connector_revocations', column: 'refresh_token', kind: 'refresh' },
  { table: 'connector_authorizations', column: 'verifier', kind: 'verifier' },
];

export interface RotationReport {
  /** Sealed anew with the first key. */
  resealed: number;
  /** Left as they are: no key opens them. */
  unreadable: number;
}

interface SealedRow {
  userId: string;
  platform: string;
  sealed: string;
}

/**
 * Seals anew, with the first key, what other keys have sealed. Row by row, each only if it is still as it was read, so it
 * may run while the service does, be stopped at any time and be run again: what is done is not done twice.
 */
@Injectable()
export class TokenRotation {
  constructor(
    private readonly database: Database,
    private readonly vault: TokenVault,
  ) {}

  /** @param onProgress after each batch, with what has been done so far */
  async run(
    onProgress: (report: Readonly<RotationReport>) => void = () => undefined,
  ): Promise<RotationReport> {
    const report: RotationReport = { resealed: 0, unreadable: 0 };
    for (const place of PLACES) {
      let rows: SealedRow[] = [];
      do {
        rows = await this.batch(place, rows.at(-1)?.sealed ?? '');
        for (const row of rows) {
          const outcome = await this.reseal(place, row);
          if (outcome) report[outcome]++;
        }
        if (rows.length > 0) onProgress(report);
      } while (rows.length === BATCH);
    }
    return report;
  }

  private batch({ table, column }: (typeof PLACES)[number], after: string): Promise<SealedRow[]> {
    return this.database.manager.query<SealedRow[]>(
      `SELECT user_id AS "userId", platform, ${column} AS sealed FROM ${table}
       WHERE ${column} COLLATE "C" > $1 AND NOT starts_with(${column}, $2)
       ORDER BY ${column} COLLATE "C" LIMIT ${BATCH}`,
      [after, this.vault.currentPrefix],
    );
  }

  /** Undefined when somebody else has stored something in its place. */
  private async reseal(
    { table, column, kind }: (typeof PLACES)[number],
    { userId, platform, sealed }: SealedRow,
  ): Promise<keyof RotationReport | undefined> {
    const context = { userId, platform, kind };
    let resealed: string;
    try {
      resealed = this.vault.seal(this.vault.open(sealed, context), context);
    } catch (error) {
      if (error instanceof UnreadableSeal) return 'unreadable';
      throw error;
    }
    const [rows] = await this.database.manager.query<[unknown[], number]>(
      `UPDATE ${table} SET ${column} = $4 WHERE user_id = $1 AND platform = $2 AND ${column} = $3 RETURNING 1`,
      [userId, platform, sealed, resealed],
    );
    return rows.length > 0 ? 'resealed' : undefined;
  }
}
