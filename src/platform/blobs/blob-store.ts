import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How long a blob is kept that nothing refers to: whoever has just put it may still be about to refer to it. */
const KEPT_UNUSED_S = 3_600;
const REMOVED_AT_ONCE = 100;

/** A column that holds hashes of blobs which are in use. */
export interface BlobReference {
  table: string;
  column: string;
}

/**
 * Bytes by their SHA-256, in the database: the same picture of a thousand characters is stored once, and no list that
 * reads rows about pictures ever loads one. References need a foreign key to `blobs (sha256)`.
 */
@Injectable()
export class BlobStore {
  private readonly references: BlobReference[] = [];

  constructor(private readonly database: Database) {}

  /** Says where blobs are referred to; what no such column names is removed in time. */
  referredToBy(reference: BlobReference): void {
    this.references.push(reference);
  }

  /** Stores the bytes unless they are known; joins the running transaction. @returns their hash, in hex */
  async put(content: Buffer): Promise<string> {
    const sha256 = createHash('sha256').update(content).digest('hex');
    // The touch locks the row until the commit, so that a sweep cannot remove it before it is referred to. Known bytes
    // are not sent again.
    const known = await this.touch(sha256);
    if (!known) {
      await this.database.manager.query(
        `INSERT INTO blobs (sha256, size, content) VALUES ($1, $2, $3)
         ON CONFLICT (sha256) DO UPDATE SET touched_at = now()`,
        [sha256, content.length, content],
      );
    }
    return sha256;
  }

  async read(sha256: string): Promise<Buffer | undefined> {
    const rows = await this.database.manager.query<{ content: Buffer }[]>(
      'SELECT content FROM blobs WHERE sha256 = $1',
      [sha256],
    );
    return rows[0] && Buffer.from(rows[0].content);
  }

  /** Removes blobs that nothing has referred to for an hour. @returns how many */
  async sweep(): Promise<number> {
    const unused = this.references.map(
      ({ table, column }) => `AND NOT EXISTS (SELECT FROM ${table} r WHERE r.${column} = b.sha256)`,
    );
    const old = `b.touched_at < now() - interval '${KEPT_UNUSED_S} seconds'`;
    // The age is asked for again on the locked row: one that was put meanwhile stays.
    const rows = await this.database.manager.query<{ sha256: string }[]>(
      `WITH removed AS (
         DELETE FROM blobs b WHERE ${old} AND sha256 IN (
           SELECT b.sha256 FROM blobs b WHERE ${old} ${unused.join(' ')} LIMIT ${REMOVED_AT_ONCE}
         ) RETURNING sha256
       ) SELECT sha256 FROM removed`,
    );
    return rows.length;
  }

  private async touch(sha256: string): Promise<boolean> {
    const rows = await this.database.manager.query<unknown[]>(
      `WITH touched AS (UPDATE blobs SET touched_at = now() WHERE sha256 = $1 RETURNING 1) SELECT * FROM touched`,
      [sha256],
    );
    return rows.length > 0;
  }
}
