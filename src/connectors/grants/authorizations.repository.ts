import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { AuthorizationOutcome } from './authorization-outcomes.js';

/** Open authorisations of one platform that a user may have; older ones give way. */
const MOST_OPEN = 10;

export interface NewAuthorization {
  stateDigest: Buffer;
  userId: string;
  platform: string;
  browserDigest: Buffer;
  /** Sealed. */
  verifier: string;
  redirectUri: string;
  returnUrl: string;
  scopes: readonly string[];
  /** Another account that is connected may be replaced. */
  forced: boolean;
  ttlMs: number;
}

export interface StoredAuthorization extends Omit<NewAuthorization, 'ttlMs'> {
  isExpired: boolean;
  isUsed: boolean;
  /** Of what the user came back with, once that has happened. */
  answerDigest: Buffer | null;
  outcome: AuthorizationOutcome | null;
}

const COLUMNS = `state_digest AS "stateDigest", user_id AS "userId", platform, browser_digest AS "browserDigest", verifier,
  redirect_uri AS "redirectUri", return_url AS "returnUrl", scopes, forced, expires_at <= now() AS "isExpired",
  used_at IS NOT NULL AS "isUsed", answer_digest AS "answerDigest", outcome`;

/** Rows of `connector_authorizations`. */
@Injectable()
export class AuthorizationsRepository {
  constructor(private readonly database: Database) {}

  /** When it begins, and ends if nobody comes back. */
  async insert(authorization: NewAuthorization): Promise<Date> {
    const { userId, platform } = authorization;
    const [row] = await this.database.manager.query<{ expiresAt: Date }[]>(
      `INSERT INTO connector_authorizations (state_digest, user_id, platform, browser_digest, verifier, redirect_uri,
         return_url, scopes, forced, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10::float8 * interval '1 millisecond')
       RETURNING expires_at AS "expiresAt"`,
      [
        authorization.stateDigest,
        userId,
        platform,
        authorization.browserDigest,
        authorization.verifier,
        authorization.redirectUri,
        authorization.returnUrl,
        [...authorization.scopes],
        authorization.forced,
        authorization.ttlMs,
      ],
    );
    await this.database.manager.query(
      `DELETE FROM connector_authorizations WHERE state_digest IN (
         SELECT state_digest FROM connector_authorizations WHERE user_id = $1 AND platform = $2 AND used_at IS NULL
         ORDER BY created_at DESC, state_digest OFFSET ${MOST_OPEN}
       )`,
      [userId, platform],
    );
    return (row as { expiresAt: Date }).expiresAt;
  }

  async find(stateDigest: Buffer): Promise<StoredAuthorization | undefined> {
    const rows = await this.database.manager.query<StoredAuthorization[]>(
      `SELECT ${COLUMNS} FROM connector_authorizations WHERE state_digest = $1`,
      [stateDigest],
    );
    return rows[0];
  }

  /** Makes the caller the only one who may go on with it. False when it was used before, or is over. */
  async use(stateDigest: Buffer, answerDigest: Buffer): Promise<boolean> {
    const [rows] = await this.database.manager.query<[unknown[], number]>(
      `UPDATE connector_authorizations SET used_at = now(), answer_digest = $2
       WHERE state_digest = $1 AND used_at IS NULL AND expires_at > now() RETURNING 1`,
      [stateDigest, answerDigest],
    );
    return rows.length > 0;
  }

  /** The verifier has done its work. False when the authorisation was removed meanwhile. */
  async end(stateDigest: Buffer, outcome: AuthorizationOutcome): Promise<boolean> {
    const [rows] = await this.database.manager.query<[unknown[], number]>(
      `UPDATE connector_authorizations SET outcome = $2, verifier = '' WHERE state_digest = $1 RETURNING 1`,
      [stateDigest, JSON.stringify(outcome)],
    );
    return rows.length > 0;
  }

  /** Those that have not come to an end, somebody who is just coming back included. */
  async removeOpen(userId: string, platform: string): Promise<void> {
    await this.database.manager.query(
      `DELETE FROM connector_authorizations WHERE user_id = $1 AND platform = $2 AND outcome IS NULL`,
      [userId, platform],
    );
  }

  async removeOf(userId: string): Promise<void> {
    await this.database.manager.query('DELETE FROM connector_authorizations WHERE user_id = $1', [userId]);
  }

  /** Those that have been over for long enough that nobody reloads their page any more. */
  async removeOverdue(forMs: number): Promise<void> {
    await this.database.manager.query(
      `DELETE FROM connector_authorizations WHERE expires_at < now() - $1::float8 * interval '1 millisecond'`,
      [forMs],
    );
  }
}
