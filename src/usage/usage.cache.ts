import { defineCache } from '@rapport/cache';
import type { KindTallies } from './usage.dto.js';

/**
 * What the counters of one user and character were on `day`. Tier and limits are not part of it: they belong to the
 * user and to the settings and would outlive a change of either. Dropped by every reserve, commit, release and expiry,
 * after the commit. `day` is part of the value because the key must not grow by one entry a day: a reader on another
 * day takes the entry for a miss.
 */
export const usageCounters = defineCache<
  [userId: string, characterId: string],
  { day: string; tallies: KindTallies }
>({
  name: 'user:usage',
  key: (userId, characterId) => [userId, characterId],
  ttl: '5m',
});

/** The state of a user's charges, to which statistics in Redis are compared. Dropped by every charge. */
export const usageRevision = defineCache<[userId: string], number>({
  name: 'usage:revision',
  key: (userId) => [userId],
  ttl: '5m',
});
