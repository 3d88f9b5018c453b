import { Injectable } from '@nestjs/common';
import { CacheService } from '@rapport/cache';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { WarmsAtLogin } from '../../platform/warm-up/warms-at-login.decorator.js';
import { userStream } from '../../users/users.events.js';
import { ChangesConnection, platformStatus } from '../connectors.cache.js';
import { connectorErrors } from '../connectors.errors.js';
import { CONNECTOR_UPDATED, type ConnectorUpdated } from '../connectors.events.js';
import { AuthorizationsRepository } from '../grants/authorizations.repository.js';
import { Revocations } from '../grants/revocations.service.js';
import {
  AccountsRepository,
  type EndedSync,
  type LockedAccount,
  type NewAccount,
} from './accounts.repository.js';
import type { ConnectionRecord, PlatformProfile } from './connection.types.js';
import { Disconnections } from './disconnecting.js';

/** What is known of a user's platforms, and whether that was read from the cache. */
export interface KnownConnections {
  records: readonly ConnectionRecord[];
  cached: boolean;
}

/** The platforms that people have connected: which, whose accounts, and since when. */
@Injectable()
export class Connections {
  constructor(
    private readonly accounts: AccountsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly disconnections: Disconnections,
    private readonly revocations: Revocations,
    private readonly cache: CacheService,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** All platforms of which there is something to say. */
  async statusOf(userId: string): Promise<KnownConnections> {
    const load = (): Promise<ConnectionRecord[]> => this.accounts.records(userId);
    const { value: records, cached } = await this.cache.for(platformStatus).readThrough([userId], load);
    return { records, cached };
  }

  @WarmsAtLogin()
  async warm(userId: string): Promise<void> {
    await this.statusOf(userId);
  }

  /** As the connected platforms show the user; not cached here. */
  async profilesOf(userId: string): Promise<PlatformProfile[]> {
    return (await this.accounts.records(userId)).flatMap(({ platform, account }) => {
      if (!account) return [];
      const { accountId, name, profileUrl, pictureUrl } = account;
      return [{ platform, accountId, name, profileUrl, pictureUrl }];
    });
  }

  /**
   * A connection takes the place of whatever there was. Another account than before takes nothing over of what was made
   * of the earlier one, whose grant is given back. Joins the running transaction.
   * @param mayReplace another account, too, that is connected
   * @throws already-connected
   */
  connect(userId: string, platform: string, account: NewAccount, mayReplace: boolean): Promise<void> {
    return this.telling(() => this.put(userId, platform, account, mayReplace));
  }

  /**
   * Ends a connection: its tokens are gone with the commit, and so is all that was made of it; then the platform is told.
   * Whoever is on the way back from the platform finds that their authorisation is none any more.
   */
  disconnect(userId: string, platform: string): Promise<void> {
    return this.telling(() => this.remove(userId, platform));
  }

  /** Inside a transaction: the connection, which cannot end before the commit. */
  lock(userId: string, platform: string): Promise<LockedAccount | undefined> {
    return this.accounts.lock(userId, platform);
  }

  /** Inside the transaction that ends an extraction; of a connection that is no more, it tells nothing. */
  async noteSync(userId: string, platform: string, sync: EndedSync): Promise<void> {
    await this.telling(() => this.sync(userId, platform, sync));
  }

  /** Inside the transaction that removes what was extracted: as if nothing ever had been. */
  async noteReset(userId: string, platform: string): Promise<void> {
    await this.telling(() => this.sync(userId, platform, undefined));
  }

  @ChangesConnection()
  protected async put(
    userId: string,
    platform: string,
    account: NewAccount,
    mayReplace: boolean,
  ): Promise<void> {
    await this.database.transaction(async () => {
      await this.accounts.lockPlace(userId, platform);
      const before = await this.accounts.grantForUpdate(userId, platform);
      const isAnother = before !== undefined && before.accountId !== account.facts.id;
      if (isAnother && before.status === 'connected' && !mayReplace) {
        throw connectorErrors['already-connected'](
          'Another account was connected meanwhile; end that connection first.',
        );
      }
      await this.accounts.put(userId, platform, account);
      await this.revocations.withdraw(userId, platform, account.facts.id);
      if (isAnother) {
        await this.disconnections.run(userId, platform);
        await this.revocations.order(userId, platform, before);
      }
      this.tell(userId, { platform, status: 'connected' });
    });
  }

  @ChangesConnection()
  protected async remove(userId: string, platform: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.authorizations.removeOpen(userId, platform);
      const tokens = await this.accounts.remove(userId, platform);
      if (!tokens) return;
      await this.disconnections.run(userId, platform);
      await this.revocations.order(userId, platform, tokens);
      this.tell(userId, { platform, status: 'disconnected' });
    });
  }

  @ChangesConnection()
  protected async sync(userId: string, platform: string, sync: EndedSync | undefined): Promise<void> {
    await this.database.transaction(async () => {
      const status = await this.accounts.noteSync(userId, platform, sync);
      if (status) this.tell(userId, { platform, status });
    });
  }

  private tell(userId: string, data: ConnectorUpdated): void {
    this.outbox.add({ stream: userStream(userId), type: CONNECTOR_UPDATED, data });
  }

  private telling(change: () => Promise<void>): Promise<void> {
    return this.outbox.telling(change);
  }
}
