import type { UsageKind } from './usage-kind.js';
import type { UsageCounters } from './usage.dto.js';
import type { NoticePercent } from './usage.rules.js';

/** On the stream of the user: a message was charged or given back. */
export const USAGE_UPDATED = 'usage.updated';

/** On the stream of the user: 80 % or 100 % of a daily allowance are used; once a day, character and kind each. */
export const USAGE_LIMIT = 'usage.limit';

export interface UsageUpdated extends UsageCounters {
  characterId: string;
}

export interface UsageLimitReached {
  characterId: string;
  kind: UsageKind;
  percent: NoticePercent;
  used: number;
  limit: number;
  /** UTC date. */
  day: string;
  /** RFC 3339. */
  resetsAt: string;
}
