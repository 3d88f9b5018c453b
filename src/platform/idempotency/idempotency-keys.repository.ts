import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export interface RequestIdentity {
  principal: string;
  method: string;
  path: string;
  key: string;
}

/** An answer as it is repeated. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | null;
}

/** Permission to run the request. `lockedUntil` also proves ownership: whoever takes over gets a later one. */
export interface Claim extends RequestIdentity {
  lockedUntil: Date;
}

export type ClaimOutcome =
  | { outcome: 'claimed'; claim: Claim }
  | { outcome: 'in-progress' }
  | { outcome: 'other-request' }
  | { outcome: 'done'; answer: StoredAnswer };

interface KeyRow {
  fingerprint: string;
  state: 'in-progress' | 'done';
  response_status: number | null;
  response_headers: Record<string, string> | null;
  response_body: string | null;
}

const IDENTITY = 'principal = $1 AND method = $2 AND path = $3 AND key = $4';
const OWNED = `${IDENTITY} AND state = 'in-progress' AND locked_until = $5`;
// Cut to what a JS Date holds, so that the time survives the way through this process unchanged.
const LOCKED_UNTIL = "date_trunc('milliseconds', clock_timestamp()) + interval '60 seconds'";
const CLAIM_ATTEMPTS = 3;

@Injectable()
export class IdempotencyKeysRepository {
  constructor(private readonly database: Database) {}

  /** One statement decides who runs the request; the loop covers a row that vanishes between it and the look-up. */
  async claim(identity: RequestIdentity, fingerprint: string): Promise<ClaimOutcome> {
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
      const lockedUntil = await this.tryClaim(identity, fingerprint);
      if (lockedUntil) return { outcome: 'claimed', claim: { ...identity, lockedUntil } };
      const row = await this.find(identity);
      if (!row) continue;
      if (row.fingerprint !== fingerprint) return { outcome: 'other-request' };
      if (row.state === 'in-progress') return { outcome: 'in-progress' };
      return { outcome: 'done', answer: answerOf(row) };
    }
    return { outcome: 'in-progress' };
  }

  private async tryClaim(identity: RequestIdentity, fingerprint: string): Promise<Date | undefined> {
    const rows = await this.rows<{ locked_until: Date }>(
      `INSERT INTO idempotency_keys AS held (principal, method, path, key, fingerprint, state, locked_until, expires_at)
       VALUES ($1, $2, $3, $4, $5, 'in-progress', ${LOCKED_UNTIL}, now() + interval '24 hours')
       ON CONFLICT (principal, method, path, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, state = excluded.state, locked_until = excluded.locked_until,
             expires_at = excluded.expires_at, created_at = now(),
             response_status = NULL, response_headers = NULL, response_body = NULL
         WHERE held.expires_at <= now()
            OR (held.state = 'in-progress' AND held.locked_until <= now() AND held.fingerprint = excluded.fingerprint)
       RETURNING locked_until`,
      [...identityOf(identity), fingerprint],
    );
    return rows[0]?.locked_until;
  }

  private async find(identity: RequestIdentity): Promise<KeyRow | undefined> {
    const rows = await this.rows<KeyRow>(
      `SELECT fingerprint, state, response_status, response_headers, response_body
       FROM idempotency_keys WHERE ${IDENTITY}`,
      identityOf(identity),
    );
    return rows[0];
  }

  /** A claim that lasts another minute, or undefined when it was lost. */
  async renew(claim: Claim): Promise<Claim | undefined> {
    const rows = await this.rows<{ locked_until: Date }>(
      `WITH renewed AS (UPDATE idempotency_keys SET locked_until = ${LOCKED_UNTIL} WHERE ${OWNED} RETURNING locked_until)
       SELECT locked_until FROM renewed`,
      [...identityOf(claim), claim.lockedUntil],
    );
    return rows[0] && { ...claim, lockedUntil: rows[0].locked_until };
  }

  async complete(claim: Claim, { status, headers, body }: StoredAnswer): Promise<void> {
    await this.rows(
      `UPDATE idempotency_keys
       SET state = 'done', response_status = $6, response_headers = $7, response_body = $8,
           expires_at = now() + interval '24 hours'
       WHERE ${OWNED}`,
      [...identityOf(claim), claim.lockedUntil, status, JSON.stringify(headers), body],
    );
  }

  /** Forgets a request that had no lasting result, so that it can be tried again at once. */
  async release(claim: Claim): Promise<void> {
    await this.rows(`DELETE FROM idempotency_keys WHERE ${OWNED}`, [...identityOf(claim), claim.lockedUntil]);
  }

  /** Answers to a deletion say nothing of the person, and that of the account's own is still repeated. */
  async removeOf(principal: string): Promise<void> {
    await this.rows(`DELETE FROM idempotency_keys WHERE principal = $1 AND method <> 'DELETE'`, [principal]);
  }

  /** Removes at most `limit` expired rows and tells how many there were. */
  async removeExpired(limit: number): Promise<number> {
    const rows = await this.rows<{ removed: number }>(
      `WITH expired AS (
         DELETE FROM idempotency_keys WHERE ctid IN (
           SELECT ctid FROM idempotency_keys WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
         ) RETURNING 1
       ) SELECT count(*)::int AS removed FROM expired`,
      [limit],
    );
    return rows[0]?.removed ?? 0;
  }

  private async rows<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return await this.database.manager.query<Row[]>(sql, parameters);
  }
}

const identityOf = ({ principal, method, path, key }: RequestIdentity): string[] => [
  principal,
  method,
  path,
  key,
];

const answerOf = (row: KeyRow): StoredAnswer => ({
  status: row.response_status ?? 200,
  headers: row.response_headers ?? {},
  body: row.response_body,
});
