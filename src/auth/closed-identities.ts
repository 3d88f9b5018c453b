import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { PeriodicTasks } from '../platform/jobs/periodic.js';

const HOUR_MS = 3_600_000;
/** Longer than issuers let access tokens be good for. */
const KEPT = `interval '30 days'`;

/**
 * Who came from another issuer and left. Tokens from before that are still in time: they go on standing for the closed
 * account, or the next request with one would register the person again. Only a hash tells where somebody came from.
 */
@Injectable()
export class ClosedIdentities implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly periodic: PeriodicTasks,
  ) {}

  onApplicationBootstrap(): void {
    this.periodic.every('closed-identities-sweep', HOUR_MS, () => this.sweep());
  }

  /** Joins the running transaction. */
  async add(issuer: string, subject: string, userId: string): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO closed_identities (digest, user_id) VALUES ($1, $2)
       ON CONFLICT (digest) DO UPDATE SET user_id = excluded.user_id, closed_at = excluded.closed_at`,
      [digestOf(issuer, subject), userId],
    );
  }

  /** The account that a token from `issuedAt` stood for; null for who has not left since. */
  async find(issuer: string, subject: string, issuedAt: Date): Promise<string | null> {
    const rows = await this.database.manager.query<{ userId: string }[]>(
      'SELECT user_id AS "userId" FROM closed_identities WHERE digest = $1 AND closed_at >= $2',
      [digestOf(issuer, subject), issuedAt],
    );
    return rows[0]?.userId ?? null;
  }

  private async sweep(): Promise<void> {
    await this.database.manager.query(`DELETE FROM closed_identities WHERE closed_at < now() - ${KEPT}`);
  }
}

const digestOf = (issuer: string, subject: string): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest();
