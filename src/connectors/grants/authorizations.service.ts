import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { randomPKCECodeVerifier } from 'openid-client';
import type { Actor } from '../../platform/actor/actor.js';
import { AppError } from '../../platform/errors/app-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { AccountsRepository } from '../connections/accounts.repository.js';
import { connectorErrors } from '../connectors.errors.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { AuthorizationLog } from './authorization-log.service.js';
import {
  failure,
  problemOf,
  type AuthorizationOutcome,
  type AuthorizationResult,
} from './authorization-outcomes.js';
import { AuthorizationUse, type ReturnedAnswer } from './authorization-use.service.js';
import { AuthorizationsRepository, type StoredAuthorization } from './authorizations.repository.js';
import { GrantClients } from './grant-clients.js';
import { digestOf, isDigestOf, randomSecret } from './random-secrets.js';
import { ReturnUrls } from './return-urls.service.js';
import { Revocations } from './revocations.service.js';
import { SecretText } from './secret-text.js';
import { TokenVault } from './token-vault.js';

const TTL_MS = 600_000;
/** A second request with the same answer waits so long for what the first one finds out: four requests' deadlines. */
const TWIN_WAIT_MS = 45_000;
const TWIN_LOOK_MS = 200;
/** Longer ones are no platform's. */
const MOST_CHARACTERS = 4_096;

export interface AuthorizationOrder {
  returnUrl: string;
  /** @default all that the platform declares */
  scopes?: readonly string[];
  /** Also where the platform is connected already. */
  force?: boolean;
  /** Where the service was reached, for want of a PUBLIC_URL. */
  origin: string;
}

export interface BegunAuthorization {
  authorizationUrl: string;
  state: string;
  /** For the browser's cookie. */
  nonce: string;
  expiresAt: Date;
}

/** Who came back: a browser by what its cookie for this state says, or a user by an access token. */
export type Returning = { nonce: string | undefined } | { userId: string };

export interface FinishedAuthorization {
  platform: string;
  result: AuthorizationResult;
  /** Why it is not connected. */
  problem?: AppError;
  returnUrl: string;
}

/** People's way to a platform and back, with their consent or without. */
@Injectable()
export class Authorizations {
  constructor(
    private readonly rows: AuthorizationsRepository,
    private readonly log: AuthorizationLog,
    private readonly uses: AuthorizationUse,
    private readonly providers: Providers,
    private readonly clients: GrantClients,
    private readonly vault: TokenVault,
    private readonly returnUrls: ReturnUrls,
    private readonly accounts: AccountsRepository,
    private readonly revocations: Revocations,
  ) {}

  /**
   * @throws not-found, not-configured, return-url-not-allowed, validation-failed, already-connected, upstream-failed,
   * upstream-timeout
   */
  async begin(
    { id: userId }: Actor,
    platform: string,
    order: AuthorizationOrder,
  ): Promise<BegunAuthorization> {
    const provider = this.providers.get(platform);
    const returnUrl = this.returnUrls.checked(order.returnUrl, order.origin);
    const scopes = scopesOf(provider, order.scopes);
    if (order.force !== true && (await this.accounts.grant(userId, platform))?.status === 'connected') {
      throw connectorErrors['already-connected'](
        `${provider.title} is connected; end the connection first, or send "force": true to replace it.`,
      );
    }
    const [state, nonce, verifier] = [randomSecret(), randomSecret(), randomPKCECodeVerifier()];
    const redirectUri = this.returnUrls.callbackOf(platform, order.origin);
    const request = { redirectUri, state, verifier, scopes };
    const authorizationUrl = await this.clients.authorizationUrl(provider, request);
    const expiresAt = await this.log.begin({
      stateDigest: digestOf(state),
      userId,
      platform,
      browserDigest: digestOf(nonce),
      verifier: this.vault.seal(new SecretText(verifier), { userId, platform, kind: 'verifier' }),
      redirectUri,
      returnUrl,
      scopes,
      forced: order.force === true,
      ttlMs: TTL_MS,
    });
    await this.revocations.settled(userId, platform);
    return { authorizationUrl, state, nonce, expiresAt };
  }

  /**
   * Ends an authorisation, once: who comes again with the same answer is told again how that went.
   * @throws state-invalid for an authorisation of nobody, of another browser or of another user: there is no address that
   * they may be sent to
   */
  async finish(answer: ReturnedAnswer, who: Returning): Promise<FinishedAuthorization> {
    const stored = isSensible(answer) ? await this.rows.find(digestOf(answer.state)) : undefined;
    if (!stored || !belongsTo(stored, who) || (answer.platform ?? stored.platform) !== stored.platform)
      throw connectorErrors['state-invalid'](
        'This authorisation was not begun in this browser, or was ended since; connect the platform again.',
      );
    const outcome = await this.outcomeOf(stored, answer);
    const { platform, returnUrl } = stored;
    return { platform, returnUrl, result: outcome.result, problem: problemOf(outcome) };
  }

  private async outcomeOf(
    stored: StoredAuthorization,
    answer: ReturnedAnswer,
  ): Promise<AuthorizationOutcome> {
    const answerDigest = digestOf(JSON.stringify([answer.code, answer.error, answer.iss]));
    if (!stored.isUsed && (await this.rows.use(stored.stateDigest, answerDigest)))
      return this.uses.use(stored, answer);
    const now = await this.settled(stored, answerDigest);
    if (now?.outcome) return now.outcome;
    return failure(
      now && !now.isUsed
        ? connectorErrors['state-expired']('It took longer than 10 minutes; connect the platform again.')
        : connectorErrors['state-used']('This authorisation was used before; connect the platform again.'),
    );
  }

  /** How it stands when nobody is at work on it any more; with an outcome only for the same answer. */
  private async settled(
    { stateDigest }: StoredAuthorization,
    answerDigest: Buffer,
  ): Promise<StoredAuthorization | undefined> {
    for (const until = performance.now() + TWIN_WAIT_MS; ; await sleep(TWIN_LOOK_MS)) {
      const now = await this.rows.find(stateDigest);
      const isSame = now?.answerDigest?.equals(answerDigest) ?? false;
      if (!now?.isUsed || (isSame && now.outcome)) return now;
      if (!isSame || performance.now() > until) return { ...now, outcome: null };
    }
  }
}

/** @throws validation-failed */
function scopesOf({ title, grant }: ConfiguredProvider, wanted: readonly string[] | undefined): string[] {
  const errors = (wanted ?? []).flatMap((scope, index) => {
    const detail = `is not asked for; of ${title} there are ${grant.scopes.join(', ')}`;
    return grant.scopes.includes(scope) ? [] : [{ pointer: `#/scopes/${index}`, code: 'is-in', detail }];
  });
  if (errors.length > 0)
    throw platformErrors['validation-failed']('Some of the scopes cannot be asked for; see errors.', {
      errors,
    });
  // An id token tells whose account it is; that is always asked for.
  return grant.scopes.filter((scope) => !wanted || scope === 'openid' || wanted.includes(scope));
}

const isSensible = ({ platform: _platform, ...parts }: ReturnedAnswer): boolean =>
  parts.state !== '' && Object.values(parts).every((part) => (part ?? '').length <= MOST_CHARACTERS);

function belongsTo(stored: StoredAuthorization, who: Returning): boolean {
  if ('userId' in who) return who.userId === stored.userId;
  return who.nonce !== undefined && isDigestOf(who.nonce, stored.browserDigest);
}
