import { defineCache } from '@rapport/cache';
import type { ConnectionRecord } from './connections/connection.types.js';

/*
 * What is cached about connections, and what drops it. Never a token, nor anything that opens one.
 *
 * | cache           | key     | dropped by                                                                              |
 * |-----------------|---------|-----------------------------------------------------------------------------------------|
 * | platform_status | user id | authorisation begun, both callbacks, refresh, needs_reauth, disconnect, reset, end of an |
 * |                 |         | extraction                                                                              |
 *
 * No copies in the processes (`l1: false`), so that the very next read is true on any instance; and where there is no
 * Redis at all, nothing is kept (`sharedOnly`): every read asks the database.
 */

const shared = { l1: false, sharedOnly: true } as const;

/** All platforms of a user of which there is something to say. */
export const platformStatus = defineCache<[userId: string], ConnectionRecord[]>({
  name: 'platform_status',
  key: (userId) => [userId],
  ttl: '5m',
  ...shared,
});
