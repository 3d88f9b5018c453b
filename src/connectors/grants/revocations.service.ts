import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { newId } from '../../platform/ids/ids.js';
import { JobEnded, JobHandler } from '../../platform/jobs/job-handler.decorator.js';
import type { Job } from '../../platform/jobs/job.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { RunningJob } from '../../platform/jobs/running-job.js';
import type { EndedGrant, SealedTokens } from '../connections/accounts.repository.js';
import { Providers } from '../registry/providers.service.js';
import { GrantClients } from './grant-clients.js';
import { RefreshTimes } from './refresh-times.js';
import { TokenVault, UnreadableSeal } from './token-vault.js';

const KIND = 'connector.revoke';

const FIRST_LOOK_MS = 25;
const LONGEST_LOOK_MS = 500;

interface Revocation extends SealedTokens {
  userId: string;
  platform: string;
  /** Somebody may be about to connect the account again. */
  isAwaited: boolean;
}

/**
 * Gives grants back to the platforms, after the connection has ended here and whatever the platform says. A job does it,
 * so that nobody waits for a platform, a process may die, and a platform that is away is asked again. The job knows the
 * row with the sealed tokens and no token; the row goes with the job, however that ends.
 *
 * At many platforms all that a user has granted an application is one grant, and a token of an earlier connection takes the
 * present one with it. So nothing is asked for while the account is connected or may be about to be: before its request a
 * job looks for open authorisations, and whoever begins one waits for jobs that may have looked before.
 */
@Injectable()
export class Revocations {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly providers: Providers,
    private readonly clients: GrantClients,
    private readonly vault: TokenVault,
    private readonly times: RefreshTimes,
  ) {}

  /** Part of the running transaction. */
  async order(userId: string, platform: string, { accountId, access, refresh }: EndedGrant): Promise<void> {
    const id = newId();
    await this.database.manager.query(
      `INSERT INTO connector_revocations (id, user_id, platform, account_id, access_token, refresh_token)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, userId, platform, accountId, access, refresh],
    );
    await this.jobs.enqueue(KIND, { key: id, payload: { revocation: id, platform } });
  }

  /**
   * Part of the transaction that connects the account again: at many platforms an earlier token takes the whole grant
   * with it, the new one included.
   */
  async withdraw(userId: string, platform: string, accountId: string): Promise<void> {
    await this.database.manager.query(
      `DELETE FROM connector_revocations
       WHERE user_id = $1 AND platform = $2 AND (account_id IS NULL OR account_id = $3)`,
      [userId, platform, accountId],
    );
  }

  /**
   * After the commit that opens an authorisation: until no request is on its way that did not know of that, or for as long
   * as one may take.
   */
  async settled(userId: string, platform: string): Promise<void> {
    const until = performance.now() + this.times.revocationMs;
    for (let lookMs = FIRST_LOOK_MS; await this.isUnderWay(userId, platform); lookMs *= 2) {
      if (performance.now() > until) return;
      await sleep(Math.min(lookMs, LONGEST_LOOK_MS));
    }
  }

  @JobHandler(KIND, { attempts: 4, backoffMs: 5_000, timeoutMs: 30_000 })
  protected async revoke(job: RunningJob<{ revocation: string }>): Promise<object> {
    const ordered = await this.find(job.payload.revocation);
    if (ordered?.isAwaited) return job.waitUntil(new Date(Date.now() + this.times.returnMs));
    const provider = ordered && this.providers.find(ordered.platform);
    if (!ordered || !provider?.client) return { revoked: false };
    try {
      const access = this.vault.open(ordered.access, { ...ordered, kind: 'access' });
      const refresh =
        ordered.refresh === null
          ? undefined
          : this.vault.open(ordered.refresh, { ...ordered, kind: 'refresh' });
      return { revoked: await this.clients.revoke(provider, { access, refresh }) };
    } catch (error) {
      // Nobody can read them any more, so nobody can use them either.
      if (error instanceof UnreadableSeal) return { revoked: false };
      throw error;
    }
  }

  @JobEnded(KIND)
  protected async forget({ payload }: Job): Promise<void> {
    const { revocation } = payload as { revocation: string };
    await this.database.manager.query('DELETE FROM connector_revocations WHERE id = $1', [revocation]);
  }

  private async isUnderWay(userId: string, platform: string): Promise<boolean> {
    const rows = await this.database.manager.query<{ id: string }[]>(
      'SELECT id FROM connector_revocations WHERE user_id = $1 AND platform = $2',
      [userId, platform],
    );
    for (const { id } of rows) if ((await this.jobs.findActive(KIND, id))?.status === 'running') return true;
    return false;
  }

  /**
   * Undefined when the account is connected (again): its grant is in use. Who came back in time is let finish.
   */
  private async find(id: string): Promise<Revocation | undefined> {
    const rows = await this.database.manager.query<Revocation[]>(
      `SELECT user_id AS "userId", platform, access_token AS access, refresh_token AS refresh, EXISTS (
         SELECT 1 FROM connector_authorizations o WHERE o.user_id = r.user_id AND o.platform = r.platform
           AND o.outcome IS NULL AND o.expires_at > now() - interval '1 minute'
       ) AS "isAwaited"
       FROM connector_revocations r WHERE id = $1 AND NOT EXISTS (
         SELECT 1 FROM connector_accounts a WHERE a.user_id = r.user_id AND a.platform = r.platform
           AND (r.account_id IS NULL OR a.account_id = r.account_id)
       )`,
      [id],
    );
    return rows[0];
  }
}
