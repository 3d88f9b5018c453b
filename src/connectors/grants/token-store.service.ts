import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { userStream } from '../../users/users.events.js';
import { AccountsRepository, type NewAccount } from '../connections/accounts.repository.js';
import { ChangesConnection } from '../connectors.cache.js';
import { CONNECTOR_UPDATED, type ConnectorUpdated } from '../connectors.events.js';
import { insist } from './insist.js';
import { RefreshTimes } from './refresh-times.js';
import { Revocations } from './revocations.service.js';

/** One pair of tokens of a connection. */
export interface TokenVersion {
  userId: string;
  platform: string;
  accountId: string;
  version: string;
}

type NewTokens = Pick<NewAccount, 'tokens' | 'expiresInMs'>;

/** Writes what has become of a pair of tokens, only ever over that very pair. */
@Injectable()
export class TokenStore {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly revocations: Revocations,
    private readonly times: RefreshTimes,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** Stores the pair that came in its place, if it still has one: the platform takes the old pair no more. */
  replace(of: TokenVersion, renewed: NewTokens): Promise<boolean> {
    return insist(this.times.storeMs, () => this.outbox.telling(() => this.write(of.userId, of, renewed)));
  }

  /** The pair is of no use any more: only the person can renew the grant. */
  giveUp(of: TokenVersion, why: { status: 'needs_reauth' | 'error'; code: string }): Promise<void> {
    return this.outbox.telling(() => this.abandon(of.userId, of, why));
  }

  @ChangesConnection()
  protected async write(
    _userId: string,
    { userId, platform, accountId, version }: TokenVersion,
    renewed: NewTokens,
  ): Promise<boolean> {
    return this.database.transaction(async () => {
      const before = await this.accounts.grantForUpdate(userId, platform);
      // Ended while the platform was asked, or another account's now: what it gave goes the way of the rest.
      if (before?.accountId !== accountId)
        await this.revocations.order(userId, platform, { accountId, ...renewed.tokens });
      const isStored =
        before !== undefined && (await this.accounts.replaceTokens(userId, platform, version, renewed));
      if (isStored && before.status !== 'connected') this.tell(userId, { platform, status: 'connected' });
      return isStored;
    });
  }

  @ChangesConnection()
  protected async abandon(
    _userId: string,
    { userId, platform, version }: TokenVersion,
    why: { status: 'needs_reauth' | 'error'; code: string },
  ): Promise<void> {
    await this.database.transaction(async () => {
      if (await this.accounts.giveUp(userId, platform, version, why))
        this.tell(userId, { platform, status: why.status });
    });
  }

  private tell(userId: string, data: ConnectorUpdated): void {
    this.outbox.add({ stream: userStream(userId), type: CONNECTOR_UPDATED, data });
  }
}
