import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { isDatabaseUnavailable } from '../../platform/http/database-faults.js';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { userStream } from '../../users/users.events.js';
import { AccountsRepository, type NewAccount } from '../connections/accounts.repository.js';
import { ChangesConnection } from '../connectors.cache.js';
import { CONNECTOR_UPDATED, type ConnectorUpdated } from '../connectors.events.js';
import { Revocations } from './revocations.service.js';

/** The platform takes the old pair no more, so the new one is worth some patience with the database. */
const STORE_WITHIN_MS = 15_000;
const STORE_AGAIN_MS = 250;

/** One pair of tokens of a connection. */
export interface TokenVersion {
  userId: string;
  platform: string;
  version: string;
}

type NewTokens = Pick<NewAccount, 'tokens' | 'expiresInMs'>;

/** Writes what has become of a pair of tokens, only ever over that very pair. */
@Injectable()
export class TokenStore {
  private readonly logger = new Logger(TokenStore.name);

  constructor(
    private readonly accounts: AccountsRepository,
    private readonly revocations: Revocations,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** Stores the pair that came in its place, if it still has one. A database that is away is asked again for a while. */
  async replace(of: TokenVersion, renewed: NewTokens): Promise<boolean> {
    for (const until = performance.now() + STORE_WITHIN_MS; ; await sleep(STORE_AGAIN_MS)) {
      try {
        return await this.outbox.telling(() => this.write(of.userId, of, renewed));
      } catch (error) {
        if (!isDatabaseUnavailable(error) || performance.now() > until) throw error;
        this.logger.warn({ msg: 'New tokens could not be stored yet', platform: of.platform });
      }
    }
  }

  /** The pair is of no use any more: only the person can renew the grant. */
  giveUp(of: TokenVersion, why: { status: 'needs_reauth' | 'error'; code: string }): Promise<void> {
    return this.outbox.telling(() => this.abandon(of.userId, of, why));
  }

  @ChangesConnection()
  protected async write(
    _userId: string,
    { userId, platform, version }: TokenVersion,
    renewed: NewTokens,
  ): Promise<boolean> {
    return this.database.transaction(async () => {
      const before = await this.accounts.grantForUpdate(userId, platform);
      // Ended while the platform was asked: what it gave in the meantime goes the way of the rest.
      if (!before) await this.revocations.order(userId, platform, renewed.tokens);
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
