import { Injectable } from '@nestjs/common';
import { outboundFailed } from '../outbound/outbound.errors.js';
import type { AccountFacts, ConfiguredProvider } from './provider.js';
import { ProviderRequests } from './provider-requests.js';

/** Whose account a token opens. */
@Injectable()
export class ProviderAccounts {
  constructor(private readonly requests: ProviderRequests) {}

  /** @throws upstream-failed, upstream-timeout */
  async read(provider: ConfiguredProvider, accessToken: string, signal?: AbortSignal): Promise<AccountFacts> {
    const { account } = provider;
    const { status, body } = await this.requests.get(provider, { path: account.path, accessToken, signal });
    const facts = status === 200 ? account.read(body) : undefined;
    if (facts) return facts;
    const fault = status === 200 ? 'did not say whose account it is' : `answered ${status} for the account`;
    throw outboundFailed(provider.title, fault, { upstreamStatus: status });
  }
}
