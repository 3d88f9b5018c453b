import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { AppError } from '../../platform/errors/app-error.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import type { EndedGrant } from '../connections/accounts.repository.js';
import { Connections } from '../connections/connections.service.js';
import { connectorErrors } from '../connectors.errors.js';
import { ProviderAccounts } from '../registry/provider-accounts.service.js';
import { Providers } from '../registry/providers.service.js';
import { AuthorizationLog } from './authorization-log.service.js';
import { failure, refusalOf, type AuthorizationOutcome } from './authorization-outcomes.js';
import { AuthorizationsRepository, type StoredAuthorization } from './authorizations.repository.js';
import { GrantClients } from './grant-clients.js';
import { insist } from './insist.js';
import { RefreshTimes } from './refresh-times.js';
import { TokenVault } from './token-vault.js';

/** What somebody came back from a platform with, as the platform put it into the address. */
export interface ReturnedAnswer {
  /** Where the address names it. */
  platform?: string;
  state: string;
  code?: string;
  iss?: string;
  error?: string;
}

interface Given {
  grant?: EndedGrant;
}

/** Makes a connection of what somebody came back with, or says why there is none. */
@Injectable()
export class AuthorizationUse {
  private readonly logger = new Logger(AuthorizationUse.name);

  constructor(
    private readonly rows: AuthorizationsRepository,
    private readonly log: AuthorizationLog,
    private readonly providers: Providers,
    private readonly clients: GrantClients,
    private readonly vault: TokenVault,
    private readonly holders: ProviderAccounts,
    private readonly connections: Connections,
    private readonly times: RefreshTimes,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** To be called once, by whoever has marked it as used. */
  async use(stored: StoredAuthorization, answer: ReturnedAnswer): Promise<AuthorizationOutcome> {
    const given: Given = {};
    try {
      return await this.connect(stored, answer, given);
    } catch (error) {
      if (!(error instanceof AppError))
        this.logger.error({ msg: 'A platform was not connected', platform: stored.platform, err: error });
      const outcome = failure(error);
      await this.log.fail(stored, outcome, given.grant);
      return outcome;
    }
  }

  /**
   * @param given what the platform has given by then, for whoever has to give it back
   * @throws whatever keeps the platform from being connected
   */
  private async connect(
    stored: StoredAuthorization,
    answer: ReturnedAnswer,
    given: Given,
  ): Promise<AuthorizationOutcome> {
    const { userId, platform, scopes, redirectUri } = stored;
    const provider = this.providers.get(platform);
    await this.clients.checkIssuer(provider, answer.iss);
    if (answer.error !== undefined || answer.code === undefined)
      throw refusalOf(provider.title, answer.error);
    const verifier = this.vault.open(stored.verifier, { userId, platform, kind: 'verifier' }).reveal();
    const request = { redirectUri, state: answer.state, verifier, scopes };
    const grant = await this.clients.exchange(provider, { code: answer.code, iss: answer.iss }, request);
    const tokens = this.vault.sealPair(grant, { userId, platform });
    given.grant = { accountId: null, ...tokens };
    const facts = await this.holders.read(provider, grant.access.reveal());
    given.grant.accountId = facts.id;
    const account = { facts, tokens, scopes: grant.scopes ?? scopes, expiresInMs: grant.expiresInMs };
    const outcome: AuthorizationOutcome = { result: 'connected' };
    await insist(this.times.storeMs, () =>
      this.outbox.telling(() =>
        this.database.transaction(async () => {
          if (!(await this.rows.end(stored.stateDigest, outcome))) throw endedMeanwhile();
          await this.connections.connect(userId, platform, account, stored.forced);
        }),
      ),
    );
    return outcome;
  }
}

const endedMeanwhile = (): AppError =>
  connectorErrors['state-used']('The connection was ended before it was complete; connect again.');
