import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AccessTokens } from '../grants/access-tokens.service.js';
import type { OutboundAnswer } from '../outbound/outbound.js';
import { outboundFailed } from '../outbound/outbound.errors.js';
import { ProviderQuotas } from '../quotas/provider-quotas.service.js';
import { ProviderBusy } from './provider-busy.js';
import { ProviderRequests, type ProviderRequest } from './provider-requests.js';
import type { ConfiguredProvider } from './provider.js';

/** Shorter waits for the bucket are waited for; for longer ones a worker has better to do. */
const PATIENCE_MS = 2_000;

/** Asks platforms in the name of people who have connected them: within the limits, and with a token that holds. */
@Injectable()
export class ProviderApi {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly quotas: ProviderQuotas,
    private readonly requests: ProviderRequests,
  ) {}

  /**
   * The answer, of a status from 200 to 299. A token that is refused although it should hold is renewed once.
   * @throws ProviderBusy when the limit is reached; not-connected, needs-reauth; upstream-failed, upstream-timeout
   */
  async get(
    provider: ConfiguredProvider,
    userId: string,
    path: string,
    signal?: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<OutboundAnswer> {
    const { platform, title } = provider;
    let accessToken = await this.tokens.get(userId, platform);
    let answer = await this.ask(provider, userId, { path, accessToken, signal, headers });
    if (answer.status === 401) {
      accessToken = await this.tokens.get(userId, platform, accessToken);
      answer = await this.ask(provider, userId, { path, accessToken, signal, headers });
    }
    const { status } = answer;
    if (status >= 200 && status < 300) return answer;
    throw outboundFailed(title, `answered ${status}`, { upstreamStatus: status });
  }

  private async ask(
    provider: ConfiguredProvider,
    userId: string,
    request: ProviderRequest,
  ): Promise<OutboundAnswer> {
    await this.admitted(provider, userId, request.signal);
    const answer = await this.requests.get(provider, request);
    const until = await this.quotas.observe(provider, userId, answer);
    if (until) throw new ProviderBusy(provider.title, until, true);
    return answer;
  }

  /** @throws ProviderBusy */
  private async admitted(
    provider: ConfiguredProvider,
    userId: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { waitMs } = await this.quotas.admit(provider, userId);
      if (waitMs === 0) return;
      if (performance.now() + waitMs > deadline)
        throw new ProviderBusy(provider.title, new Date(Date.now() + waitMs), false);
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw signal?.reason;
      });
    }
  }
}
