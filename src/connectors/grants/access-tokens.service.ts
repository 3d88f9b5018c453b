import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { AppError } from '../../platform/errors/app-error.js';
import { StartupError } from '../../platform/errors/startup-error.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { AccountsRepository, type StoredGrant } from '../connections/accounts.repository.js';
import { connectorErrors } from '../connectors.errors.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { GrantClients } from './grant-clients.js';
import { RefreshTimes } from './refresh-times.js';
import type { SecretText } from './secret-text.js';
import { TokenStore, type TokenVersion } from './token-store.service.js';
import { TokenVault, UnreadableSeal } from './token-vault.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Tokens to ask platforms with. One that is about to end is renewed by exactly one of all processes, which has claimed
 * that in the connection's row; the others wait for what it stores there. A refresh token that were used twice would be
 * taken for a stolen one, and the platform would end the grant.
 */
@Injectable()
export class AccessTokens implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(AccessTokens.name);
  private readonly refreshing = new Map<string, Promise<SecretText>>();

  constructor(
    private readonly accounts: AccountsRepository,
    private readonly providers: Providers,
    private readonly clients: GrantClients,
    private readonly vault: TokenVault,
    private readonly store: TokenStore,
    private readonly times: RefreshTimes,
  ) {}

  /** @throws StartupError where people can connect platforms and there is no key for their tokens */
  onModuleInit(): void {
    const configured = this.providers.list().find(({ client }) => client);
    if (!configured || this.vault.isOpen) return;
    throw new StartupError(
      `${configured.title} can be connected, and CONNECTOR_TOKEN_KEYS is not set.`,
      'Set CONNECTOR_TOKEN_KEYS to name:key, such as k1:<key>; make a key with: openssl rand -base64 32',
    );
  }

  /** A process that ends does not take new tokens with it that nobody has stored. */
  async onModuleDestroy(): Promise<void> {
    const ended = Promise.allSettled([...this.refreshing.values()]);
    await Promise.race([ended, sleep(this.times.claimMs, undefined, { ref: false })]);
  }

  /**
   * A token that is good for at least a minute, as far as anybody knows.
   * @param rejected a token that the platform has refused although it should hold
   * @throws not-connected, needs-reauth; unavailable while somebody else's renewal takes too long; upstream-failed,
   * upstream-timeout
   */
  async get(userId: string, platform: string, rejected?: string): Promise<string> {
    const provider = this.providers.get(platform);
    const stored = await this.load(userId, provider);
    const access = await this.opened(userId, provider, stored);
    if (stored.isFresh && !access.is(rejected)) return access.reveal();
    return (await this.renewed(userId, provider, stored)).reveal();
  }

  /** In this process, once at a time. */
  private renewed(userId: string, provider: ConfiguredProvider, stored: StoredGrant): Promise<SecretText> {
    const key = `${userId}|${provider.platform}`;
    const running = this.refreshing.get(key);
    if (running) return running;
    const refreshing = this.claimOrWait(userId, provider, stored).finally(() => this.refreshing.delete(key));
    this.refreshing.set(key, refreshing);
    return refreshing;
  }

  private async claimOrWait(
    userId: string,
    provider: ConfiguredProvider,
    { version, accountId }: StoredGrant,
  ): Promise<SecretText> {
    const { platform } = provider;
    const { waitMs, claimMs } = this.times;
    // Whatever else has to be asked for is, before anybody has to wait for it.
    const ask = await this.clients.refresher(provider);
    const until = performance.now() + waitMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const claim = randomUUID();
      const claimedAt = performance.now();
      const claimed = await this.accounts.claimRefresh(userId, platform, version, { claim, forMs: claimMs });
      if (claimed) {
        const of = { userId, platform, accountId, version };
        return this.refresh(provider, of, { claim, claimedAt, sealed: claimed.refresh, ask });
      }
      const now = await this.load(userId, provider);
      if (now.version !== version) return this.opened(userId, provider, now);
      if (performance.now() > until) {
        throw beingRenewed(provider, waitMs);
      }
      await sleep(pauseMs * (0.75 + Math.random() / 2));
    }
  }

  private async refresh(
    provider: ConfiguredProvider,
    of: TokenVersion,
    { claim, claimedAt, sealed, ask }: Claimed,
  ): Promise<SecretText> {
    const { userId, platform } = of;
    const release = (ms: number): Promise<void> => this.accounts.releaseRefresh(userId, platform, claim, ms);
    if (sealed === null) {
      await this.store.giveUp(of, { status: 'needs_reauth', code: 'needs-reauth' });
      throw needsReauth(provider);
    }
    const refresh = await this.unsealed(of, provider, sealed, 'refresh');
    // What is left of the claim has to cover the request and the storing of its answer.
    if (performance.now() - claimedAt > this.times.slackMs) {
      await release(0);
      throw beingRenewed(provider, this.times.pauseMs);
    }
    const answer = await ask(refresh);
    if ('grant' in answer) {
      const { grant } = answer;
      // A platform that gives no new refresh token goes on with the one that it gave.
      const pair = { access: grant.access, refresh: grant.refresh ?? refresh };
      const tokens = this.vault.sealPair(pair, of);
      if (await this.store.replace(of, { tokens, expiresInMs: grant.expiresInMs })) return grant.access;
      // The connection was ended or made anew meanwhile, perhaps with somebody else's account.
      return this.opened(userId, provider, await this.load(userId, provider));
    }
    const { outcome, error } = answer.fault;
    if (outcome === 'refused') {
      await this.store.giveUp(of, { status: 'needs_reauth', code: 'needs-reauth' });
      throw needsReauth(provider);
    }
    await release(outcome === 'failed' ? this.times.pauseMs : this.times.unknownMs);
    this.logger.warn({ msg: 'Tokens were not renewed', platform, outcome, fault: error.message });
    throw error;
  }

  /** @throws not-connected, needs-reauth */
  private async load(userId: string, provider: ConfiguredProvider): Promise<StoredGrant> {
    const stored = await this.accounts.grant(userId, provider.platform);
    if (!stored) {
      throw connectorErrors['not-connected'](`${provider.title} is not connected; connect it first.`);
    }
    if (stored.status !== 'connected') throw needsReauth(provider);
    return stored;
  }

  private opened(userId: string, provider: ConfiguredProvider, stored: StoredGrant): Promise<SecretText> {
    const of = { userId, platform: provider.platform, accountId: stored.accountId, version: stored.version };
    return this.unsealed(of, provider, stored.access, 'access');
  }

  /** What does not open for whom it is stored never will; what misses its key may tomorrow. */
  private async unsealed(
    of: TokenVersion,
    provider: ConfiguredProvider,
    sealed: string,
    kind: 'access' | 'refresh',
  ): Promise<SecretText> {
    try {
      return this.vault.open(sealed, { ...of, kind });
    } catch (error) {
      if (!(error instanceof UnreadableSeal)) throw error;
      this.logger.error({ msg: 'Stored tokens cannot be read', platform: of.platform, reason: error.reason });
      if (error.reason === 'content') await this.store.giveUp(of, { status: 'error', code: 'needs-reauth' });
      throw needsReauth(provider);
    }
  }
}

interface Claimed {
  claim: string;
  /** By this process's clock, before the claim was made. */
  claimedAt: number;
  sealed: string | null;
  ask: Awaited<ReturnType<GrantClients['refresher']>>;
}

const beingRenewed = ({ title }: ConfiguredProvider, retryAfterMs: number): AppError =>
  platformErrors.unavailable(
    `The access to ${title} is being renewed, and that takes long; try again later.`,
    {
      retryAfterMs,
    },
  );

const needsReauth = ({ title }: ConfiguredProvider): AppError =>
  connectorErrors['needs-reauth'](`${title} has to be connected again: its grant has ended.`);
