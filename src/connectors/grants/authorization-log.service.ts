import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { PeriodicTasks } from '../../platform/jobs/periodic.js';
import { userStream } from '../../users/users.events.js';
import { AccountsRepository, type EndedGrant } from '../connections/accounts.repository.js';
import { ChangesConnection } from '../connectors.cache.js';
import { CONNECTOR_UPDATED, type ConnectorUpdated } from '../connectors.events.js';
import type { AuthorizationOutcome } from './authorization-outcomes.js';
import {
  AuthorizationsRepository,
  type NewAuthorization,
  type StoredAuthorization,
} from './authorizations.repository.js';
import { insist } from './insist.js';
import { RefreshTimes } from './refresh-times.js';
import { Revocations } from './revocations.service.js';

/** Reloads of the page are answered for so long after an authorisation's time. */
const KEPT_MS = 3_600_000;
const SWEEP_EVERY_MS = 300_000;

/** What is under way to a platform: noted, told and shown as a connection's status. */
@Injectable()
export class AuthorizationLog implements OnModuleInit {
  constructor(
    private readonly rows: AuthorizationsRepository,
    private readonly accounts: AccountsRepository,
    private readonly revocations: Revocations,
    private readonly times: RefreshTimes,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
    private readonly periodic: PeriodicTasks,
  ) {}

  onModuleInit(): void {
    this.periodic.every('authorisations of platforms', SWEEP_EVERY_MS, () =>
      this.rows.removeOverdue(KEPT_MS),
    );
  }

  /** When it ends if nobody comes back. */
  begin(authorization: NewAuthorization): Promise<Date> {
    return this.outbox.telling(() => this.insert(authorization.userId, authorization));
  }

  /**
   * Nothing was connected: what there was before is there again.
   * @param given by the platform all the same: it goes back
   */
  fail(authorization: StoredAuthorization, outcome: AuthorizationOutcome, given?: EndedGrant): Promise<void> {
    return insist(this.times.storeMs, () =>
      this.outbox.telling(() => this.end(authorization.userId, authorization, outcome, given)),
    );
  }

  @ChangesConnection()
  protected async insert(userId: string, authorization: NewAuthorization): Promise<Date> {
    return this.database.transaction(async () => {
      const { platform } = authorization;
      const expiresAt = await this.rows.insert(authorization);
      const before = await this.accounts.grant(userId, platform);
      // What is connected is shown as that until something else is.
      if (before?.status !== 'connected')
        this.tell(userId, { platform, status: 'connecting', expiresAt: expiresAt.toISOString() });
      return expiresAt;
    });
  }

  @ChangesConnection()
  protected async end(
    userId: string,
    { platform, stateDigest }: StoredAuthorization,
    outcome: AuthorizationOutcome,
    given: EndedGrant | undefined,
  ): Promise<void> {
    await this.database.transaction(async () => {
      await this.rows.end(stateDigest, outcome);
      if (given) await this.revocations.order(userId, platform, given);
      const before = await this.accounts.grant(userId, platform);
      this.tell(userId, { platform, status: before?.status ?? 'disconnected' });
    });
  }

  private tell(userId: string, data: ConnectorUpdated): void {
    this.outbox.add({ stream: userStream(userId), type: CONNECTOR_UPDATED, data });
  }
}
