import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { Signature, SignatureRecord } from './signature.types.js';

const COLUMNS = `inputs::text AS inputs, version, algorithm_version AS "algorithmVersion", inputs_hash AS "inputsHash",
  items, dimensions, clusters, computed_at AS "computedAt", computed_inputs IS DISTINCT FROM inputs AS outdated`;
// Waits for a closing that is under way: nothing is added to a closed account, and who asks for that hears of no error.
const OPEN_ACCOUNT = 'SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE';
const NOTHING = `algorithm_version = NULL, inputs_hash = NULL, dimensions = NULL, clusters = NULL, computed_at = NULL`;

/** Rows of `soul_signatures`. */
@Injectable()
export class SignaturesRepository {
  constructor(private readonly database: Database) {}

  async find(userId: string): Promise<SignatureRecord | undefined> {
    const [row] = await this.query<SignatureRecord>(
      `SELECT ${COLUMNS} FROM soul_signatures WHERE user_id = $1`,
      [userId],
    );
    return row;
  }

  /** Makes a row where there is none. */
  async ensure(userId: string): Promise<void> {
    await this.query(
      `INSERT INTO soul_signatures (user_id) ${OPEN_ACCOUNT} ON CONFLICT (user_id) DO NOTHING`,
      [userId],
    );
  }

  /** What was computed stays, and is outdated. False for a closed account. */
  outdate(userId: string): Promise<boolean> {
    return this.touch(userId, 'inputs = EXCLUDED.inputs');
  }

  /** What was computed goes at once. False for a closed account. */
  empty(userId: string): Promise<boolean> {
    return this.touch(userId, `inputs = EXCLUDED.inputs, computed_inputs = NULL, items = 0, ${NOTHING}`);
  }

  /** Inside a transaction: nobody changes it until that ends. */
  async lock(userId: string): Promise<SignatureRecord | undefined> {
    const [row] = await this.query<SignatureRecord>(
      `SELECT ${COLUMNS} FROM soul_signatures WHERE user_id = $1 FOR UPDATE`,
      [userId],
    );
    return row;
  }

  /** The present inputs have been looked at. Without a signature they told too little. */
  async keep(
    userId: string,
    items: number,
    signature: (Signature & { version: number; computedAt: Date }) | undefined,
  ): Promise<void> {
    if (!signature) {
      await this.query(
        `UPDATE soul_signatures SET computed_inputs = inputs, items = $2, ${NOTHING} WHERE user_id = $1`,
        [userId, items],
      );
      return;
    }
    const { version, algorithmVersion, inputsHash, dimensions, clusters, computedAt } = signature;
    await this.query(
      `UPDATE soul_signatures SET computed_inputs = inputs, items = $2, version = $3, algorithm_version = $4,
         inputs_hash = $5, dimensions = $6::jsonb, clusters = $7::jsonb, computed_at = $8 WHERE user_id = $1`,
      [
        userId,
        items,
        version,
        algorithmVersion,
        inputsHash,
        JSON.stringify(dimensions),
        JSON.stringify(clusters),
        computedAt,
      ],
    );
  }

  /**
   * Whether another computation is due, asked in the transaction that ends one. A row that somebody is just changing
   * counts as outdated: waiting for them, who may wait for this very end, would be a deadlock.
   */
  async isOutdated(userId: string): Promise<boolean> {
    const [row] = await this.query<{ outdated: boolean }>(
      `SELECT computed_inputs IS DISTINCT FROM inputs AS outdated FROM soul_signatures WHERE user_id = $1
       FOR UPDATE SKIP LOCKED`,
      [userId],
    );
    return row ? row.outdated : (await this.find(userId)) !== undefined;
  }

  async remove(userId: string): Promise<void> {
    await this.query('DELETE FROM soul_signatures WHERE user_id = $1', [userId]);
  }

  private async touch(userId: string, change: string): Promise<boolean> {
    const rows = await this.query<unknown>(
      `INSERT INTO soul_signatures (user_id) ${OPEN_ACCOUNT} ON CONFLICT (user_id) DO UPDATE SET ${change}
       RETURNING user_id`,
      [userId],
    );
    return rows.length > 0;
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.manager.query<Row[]>(sql, parameters);
  }
}
