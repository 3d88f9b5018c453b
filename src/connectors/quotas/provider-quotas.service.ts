import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import { Clock } from '../../platform/clock/clock.js';
import { RateLimiters } from '../../platform/rate-limit/rate-limiters.js';
import {
  ErasesUserData,
  ExportsUserData,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { WarmsAtLogin } from '../../platform/warm-up/warms-at-login.decorator.js';
import { Disconnections } from '../connections/disconnecting.js';
import { platformRateLimits } from '../connectors.cache.js';
import type { OutboundAnswer } from '../outbound/outbound.js';
import type { ConfiguredProvider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { readLimit, type LimitReading } from './limit-headers.js';
import { paceOf } from './pace.js';
import { ProviderQuotasRepository, type QuotaOwner, type QuotaRow } from './provider-quotas.repository.js';
import { toProviderQuota, type ProviderQuota } from './quotas.dto.js';

/** Of what says only how much is left, no process stores more for one limit. */
const STORED_EVERY_MS = 1_000;
const MAX_REMEMBERED = 10_000;

/**
 * How many requests platforms take. All processes share a bucket for each limit, so that it is not reached as a rule; what
 * a platform says of it is stored, and counts for all of them, too.
 */
@Injectable()
export class ProviderQuotas implements OnModuleInit {
  /** By limit, when this process last stored it. */
  private readonly stored = new Map<string, number>();

  constructor(
    private readonly rows: ProviderQuotasRepository,
    private readonly limiters: RateLimiters,
    private readonly providers: Providers,
    private readonly disconnections: Disconnections,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.disconnections.onDisconnect((userId, platform) => this.forget(userId, platform));
  }

  /** Takes one request, unless there is something to wait for. */
  async admit(provider: ConfiguredProvider, userId: string): Promise<{ waitMs: number }> {
    const owner = ownerOf(provider, userId);
    const blockedMs = await this.rows.blockedForMs(owner);
    if (blockedMs > 0) return { waitMs: blockedMs };
    const { platform, api } = provider;
    const allowance = await this.limiters.shared.take(
      `provider:${platform}`,
      owner.userId ?? 'app',
      paceOf(api.limit),
    );
    return { waitMs: allowance.allowed ? 0 : allowance.retryAfterMs };
  }

  /**
   * Keeps what an answer tells of the limit.
   * @returns until when nothing is to be asked again, if the request was refused for the limit
   */
  async observe(
    provider: ConfiguredProvider,
    userId: string,
    answer: OutboundAnswer,
  ): Promise<Date | undefined> {
    const reading = readLimit(answer, provider.api.limit);
    if (!reading) return undefined;
    const owner = ownerOf(provider, userId);
    if (reading.blockedForMs !== undefined || this.isDue(owner)) await this.store(owner, reading);
    return reading.isRefused ? new Date(Date.now() + (reading.blockedForMs ?? 0)) : undefined;
  }

  /** How the user stands with each platform. */
  async ofUser(userId: string): Promise<ProviderQuota[]> {
    const rows = await this.observed(userId);
    const now = this.clock.now();
    return this.providers.list().map((provider) => {
      const owner = ownerOf(provider, userId);
      const row = rows.find((one) => one.platform === owner.platform && one.userId === owner.userId);
      return toProviderQuota(provider, row, now);
    });
  }

  @WarmsAtLogin()
  @Cacheable(platformRateLimits)
  protected observed(userId: string): Promise<QuotaRow[]> {
    return this.rows.ofUser(userId);
  }

  @CacheEvict(platformRateLimits, {
    keys: ({ userId }: QuotaOwner) => (userId === null ? [] : [[userId]]),
  })
  @CacheEvict(platformRateLimits, { all: true, condition: ({ userId }: QuotaOwner) => userId === null })
  protected store(owner: QuotaOwner, reading: LimitReading): Promise<void> {
    return this.rows.save(owner, reading);
  }

  @CacheEvict(platformRateLimits, (userId: string) => [userId])
  protected forget(userId: string, platform?: string): Promise<void> {
    return this.rows.deleteOf(userId, platform);
  }

  @ExportsUserData('platform-limits')
  async export(userId: string): Promise<ExportedBatch> {
    const own = (await this.rows.ofUser(userId)).filter((row) => row.userId !== null);
    return { parts: [{ file: 'platform-limits.json', content: JSON.stringify(own, null, 2) }] };
  }

  @ErasesUserData('platform-limits', 20)
  async erase(userId: string): Promise<boolean> {
    await this.forget(userId);
    return false;
  }

  private isDue({ platform, userId }: QuotaOwner): boolean {
    const key = `${platform}:${userId ?? 'app'}`;
    const now = performance.now();
    const last = this.stored.get(key);
    if (last !== undefined && now - last < STORED_EVERY_MS) return false;
    if (this.stored.size >= MAX_REMEMBERED) this.stored.clear();
    this.stored.set(key, now);
    return true;
  }
}

const ownerOf = ({ platform, api }: ConfiguredProvider, userId: string): QuotaOwner => ({
  platform,
  userId: api.limit.per === 'app' ? null : userId,
});
