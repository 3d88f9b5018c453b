import type { ConfiguredProvider } from '../registry/provider.js';
import type { QuotaRow } from './provider-quotas.repository.js';

const BUCKETS = ['account', 'app'] as const;
const SOURCES = ['header', '429', 'default'] as const;

/** How many requests a platform takes. */
export class ProviderQuota {
  platform!: string;
  /** Whose requests are counted together: those for the person's account, or those of the whole application. */
  bucket!: (typeof BUCKETS)[number];
  /** Requests in a window. */
  limit!: number;
  /** Requests that were left when the platform last said so; null when it never did. */
  remaining!: number | null;
  /** When there are more again. */
  resetsAt!: string | null;
  observedAt!: string | null;
  /** Who says so: an answer's headers, a refusal, or the platform's documentation. */
  source!: (typeof SOURCES)[number];
}

export class ProviderQuotaList {
  items!: ProviderQuota[];
}

/** A window that is over says nothing any more; while the platform refuses, there is nothing left. */
export function toProviderQuota(
  { platform, api }: ConfiguredProvider,
  row: QuotaRow | undefined,
  now: Date,
): ProviderQuota {
  const isBlocked = row?.blockedUntil != null && row.blockedUntil > now;
  const resetsAt = isBlocked ? row.blockedUntil : (row?.resetsAt ?? null);
  const isOver = resetsAt === null || resetsAt <= now;
  const limit = row?.limit ?? api.limit.requests;
  return {
    platform,
    bucket: api.limit.per,
    limit,
    remaining: isBlocked ? 0 : row?.remaining == null ? null : isOver ? limit : row.remaining,
    resetsAt: isOver ? null : resetsAt.toISOString(),
    observedAt: row?.observedAt.toISOString() ?? null,
    source: row?.source ?? 'default',
  };
}
