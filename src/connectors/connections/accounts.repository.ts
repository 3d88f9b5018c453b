import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { AccountFacts } from '../registry/provider.js';
import type { ConnectedAccount, ConnectionRecord, SyncStatus } from './connection.types.js';

/** Tokens as they are stored: sealed. */
export interface SealedTokens {
  access: string;
  refresh: string | null;
}

/** Tokens that are given back, and the account that they open; null for one that nobody has learnt. */
export interface EndedGrant extends SealedTokens {
  accountId: string | null;
}

/** A connection's tokens, and how they stand by the database's clock. */
export interface StoredGrant extends SealedTokens {
  status: ConnectedAccount['status'];
  accountId: string;
  /** Rises with each pair of tokens, over all connections: what was read with one is not stored over another. */
  version: string;
  /** Good for at least a minute, or for good. */
  isFresh: boolean;
}

export interface NewAccount {
  facts: AccountFacts;
  scopes: readonly string[];
  tokens: SealedTokens;
  /** Undefined where the platform does not say. */
  expiresInMs: number | undefined;
}

/** How an extraction ended, and when the connection was made that it read from, in milliseconds since 1970. */
export interface EndedSync {
  status: SyncStatus;
  at: Date;
  connectedAt: number;
}

/** What a running extraction needs to know of the connection that it reads from. */
export interface LockedAccount {
  accountId: string;
  scopes: string[];
  status: ConnectedAccount['status'];
  connectedAt: Date;
}

const OF = 'user_id = $1 AND platform = $2';
const GRANT = `access_token AS access, refresh_token AS refresh, status, account_id AS "accountId",
  token_version::text AS version, expires_at IS NULL OR expires_at > now() + interval '1 minute' AS "isFresh"`;
const inMs = (parameter: string): string => `now() + ${parameter}::float8 * interval '1 millisecond'`;
const epochMs = (column: string): string => `round(extract(epoch FROM ${column}) * 1000)::float8`;

/** Rows of `connector_accounts`. */
@Injectable()
export class AccountsRepository {
  constructor(private readonly database: Database) {}

  /** All that there is to say of a user's platforms, in one statement: accounts, and authorisations under way. */
  async records(userId: string): Promise<ConnectionRecord[]> {
    const rows = await this.query<FlatRecord>(
      `SELECT platform, ${epochMs('o.until')} AS "connectingUntil", a.status, a.scopes, a.account_id AS "accountId",
         a.account_name AS name, a.profile_url AS "profileUrl", a.picture_url AS "pictureUrl",
         ${epochMs('a.connected_at')} AS "connectedAt", ${epochMs('a.expires_at')} AS "expiresAt",
         ${epochMs('a.last_sync_at')} AS "lastSyncAt", a.last_sync_status AS "lastSyncStatus",
         a.error_code AS error, ${epochMs('a.updated_at')} AS "updatedAt"
       FROM (SELECT * FROM connector_accounts WHERE user_id = $1) a
       FULL JOIN (
         SELECT platform, max(expires_at) AS until FROM connector_authorizations
         WHERE user_id = $1 AND outcome IS NULL AND expires_at > now() GROUP BY platform
       ) o USING (platform) ORDER BY platform`,
      [userId],
    );
    return rows.map(({ platform, connectingUntil, status, ...account }) => ({
      platform,
      connectingUntil,
      account: status === null ? null : { status, ...account },
    }));
  }

  grant(userId: string, platform: string): Promise<StoredGrant | undefined> {
    return this.one(`SELECT ${GRANT} FROM connector_accounts WHERE ${OF}`, [userId, platform]);
  }

  /** The same, and nobody else changes it until the commit. */
  grantForUpdate(userId: string, platform: string): Promise<StoredGrant | undefined> {
    return this.one(`SELECT ${GRANT} FROM connector_accounts WHERE ${OF} FOR UPDATE`, [userId, platform]);
  }

  /** The connection stays until the commit. */
  lock(userId: string, platform: string): Promise<LockedAccount | undefined> {
    return this.one(
      `SELECT account_id AS "accountId", scopes, status, connected_at AS "connectedAt"
       FROM connector_accounts WHERE ${OF} FOR SHARE`,
      [userId, platform],
    );
  }

  /** Until the commit nobody else connects the platform for the user, also where there is no row to lock yet. */
  async lockPlace(userId: string, platform: string): Promise<void> {
    await this.query(`SELECT pg_advisory_xact_lock(hashtextextended('connection:' || $1 || ':' || $2, 0))`, [
      userId,
      platform,
    ]);
  }

  async put(userId: string, platform: string, account: NewAccount): Promise<void> {
    const { facts, scopes, tokens, expiresInMs } = account;
    await this.query(
      `INSERT INTO connector_accounts (user_id, platform, status, scopes, account_id, account_name, profile_url,
         picture_url, access_token, refresh_token, expires_at)
       VALUES ($1, $2, 'connected', $3, $4, $5, $6, $7, $8, $9, ${inMs('$10')})
       ON CONFLICT (user_id, platform) DO UPDATE SET status = 'connected', error_code = NULL,
         scopes = excluded.scopes, account_name = excluded.account_name, profile_url = excluded.profile_url,
         picture_url = excluded.picture_url, access_token = excluded.access_token,
         refresh_token = excluded.refresh_token, expires_at = excluded.expires_at,
         token_version = excluded.token_version, refresh_claim = NULL, refresh_claimed_until = NULL,
         connected_at = now(), updated_at = now(), account_id = excluded.account_id,
         last_sync_at = CASE WHEN connector_accounts.account_id = excluded.account_id
           THEN connector_accounts.last_sync_at END,
         last_sync_status = CASE WHEN connector_accounts.account_id = excluded.account_id
           THEN connector_accounts.last_sync_status END`,
      [
        userId,
        platform,
        [...scopes],
        facts.id,
        facts.name ?? null,
        facts.profileUrl ?? null,
        facts.pictureUrl ?? null,
        tokens.access,
        tokens.refresh,
        expiresInMs ?? null,
      ],
    );
  }

  /**
   * Makes the caller the only one, of all processes, who may use the refresh token of this version, until it says how
   * that ended or the time is over. Undefined while another is, and when there is another version.
   */
  claimRefresh(
    userId: string,
    platform: string,
    version: string,
    { claim, forMs }: { claim: string; forMs: number },
  ): Promise<{ refresh: string | null } | undefined> {
    return this.one(
      `UPDATE connector_accounts SET refresh_claim = $4, refresh_claimed_until = ${inMs('$5')}
       WHERE ${OF} AND token_version = $3 AND status = 'connected'
         AND (refresh_claimed_until IS NULL OR refresh_claimed_until <= now())
       RETURNING refresh_token AS refresh`,
      [userId, platform, version, claim, forMs],
    );
  }

  /** Nothing came of it: the next one may try after so long. */
  async releaseRefresh(userId: string, platform: string, claim: string, inMsFromNow: number): Promise<void> {
    await this.query(
      `UPDATE connector_accounts SET refresh_claimed_until = ${inMs('$4')} WHERE ${OF} AND refresh_claim = $3`,
      [userId, platform, claim, inMsFromNow],
    );
  }

  /**
   * The pair that came for a version takes its place, also when somebody has given the grant up meanwhile: who has new
   * tokens knows better. False when there is another version, or no connection.
   */
  async replaceTokens(
    userId: string,
    platform: string,
    version: string,
    { tokens, expiresInMs }: Pick<NewAccount, 'tokens' | 'expiresInMs'>,
  ): Promise<boolean> {
    return this.changes(
      `UPDATE connector_accounts SET status = 'connected', error_code = NULL, access_token = $4, refresh_token = $5,
         expires_at = ${inMs('$6')}, token_version = nextval('connector_token_versions'), refresh_claim = NULL,
         refresh_claimed_until = NULL, updated_at = now()
       WHERE ${OF} AND token_version = $3 RETURNING 1`,
      [userId, platform, version, tokens.access, tokens.refresh, expiresInMs ?? null],
    );
  }

  /** Its tokens are of no use any more. False when there is another version, or that is known. */
  async giveUp(
    userId: string,
    platform: string,
    version: string,
    { status, code }: { status: 'needs_reauth' | 'error'; code: string },
  ): Promise<boolean> {
    return this.changes(
      `UPDATE connector_accounts SET status = $4, error_code = $5, refresh_claim = NULL,
         refresh_claimed_until = NULL, updated_at = now()
       WHERE ${OF} AND token_version = $3 AND status = 'connected' RETURNING 1`,
      [userId, platform, version, status, code],
    );
  }

  /** Of this connection, and no other; without one, whatever connection there is. */
  async noteSync(
    userId: string,
    platform: string,
    sync: EndedSync | undefined,
  ): Promise<ConnectedAccount['status'] | undefined> {
    const row = await this.one<{ status: ConnectedAccount['status'] }>(
      `UPDATE connector_accounts SET last_sync_at = $3, last_sync_status = $4, updated_at = now()
       WHERE ${OF} AND ($5::timestamptz IS NULL OR date_trunc('milliseconds', connected_at) = $5) RETURNING status`,
      [userId, platform, sync?.at ?? null, sync?.status ?? null, sync ? new Date(sync.connectedAt) : null],
    );
    return row?.status;
  }

  /** What is removed is answered: it has to be revoked. */
  remove(userId: string, platform: string): Promise<EndedGrant | undefined> {
    return this.one(
      `DELETE FROM connector_accounts WHERE ${OF}
       RETURNING account_id AS "accountId", access_token AS access, refresh_token AS refresh`,
      [userId, platform],
    );
  }

  private async changes(sql: string, parameters: unknown[]): Promise<boolean> {
    return (await this.one(sql, parameters)) !== undefined;
  }

  private async one<Row>(sql: string, parameters: unknown[]): Promise<Row | undefined> {
    return (await this.query<Row>(sql, parameters))[0];
  }

  private async query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    const answer = await this.database.manager.query<Row[] | [Row[], number]>(sql, parameters);
    // TypeORM answers UPDATE and DELETE with the rows and their number.
    return (Array.isArray(answer[0]) ? answer[0] : answer) as Row[];
  }
}

type FlatRecord = Omit<ConnectedAccount, 'status'> &
  Pick<ConnectionRecord, 'platform' | 'connectingUntil'> & { status: ConnectedAccount['status'] | null };
