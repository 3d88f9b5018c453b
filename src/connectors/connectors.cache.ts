import { CacheEvict, Caching, defineCache } from '@rapport/cache';
import type { Job } from '../platform/jobs/job.js';
import type { ConnectionRecord, PlatformProfile } from './connections/connection.types.js';
import type { SignatureRecord } from './signature/signature.types.js';
import type { QuotaRow } from './quotas/provider-quotas.repository.js';

/*
 * What is cached about connections, and what drops it. Never a token, nor anything that opens one.
 *
 * | cache           | key     | dropped by                                                                              |
 * |-----------------|---------|-----------------------------------------------------------------------------------------|
 * | platform_status | user id | authorisation begun, both callbacks, refresh, needs_reauth, disconnect, reset, end of an |
 * |                 |         | extraction                                                                              |
 * | user_profile    | user id | the same                                                                                |
 * | extraction_job  | job id  | every change of the job that it shows                                                   |
 * | soul_signature  | user id | every change of what it is made of, and every computation                               |
 * | platform_rate_limits | user id | every observation that is stored; those of a whole application drop all          |
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

/** A user as the connected platforms show them. */
export const platformProfiles = defineCache<[userId: string], PlatformProfile[]>({
  name: 'user_profile',
  key: (userId) => [userId],
  ttl: '10m',
  ...shared,
});

export const extractionJob = defineCache<[jobId: string], Job | null>({
  name: 'extraction_job',
  key: (jobId) => [jobId],
  ttl: '1m',
  ...shared,
});

/** Null where nothing was ever computed. */
export const soulSignature = defineCache<[userId: string], SignatureRecord | null>({
  name: 'soul_signature',
  key: (userId) => [userId],
  ttl: '15m',
  ...shared,
});

/** What platforms said of the limits that hold for a user. */
export const platformRateLimits = defineCache<[userId: string], QuotaRow[]>({
  name: 'platform_rate_limits',
  key: (userId) => [userId],
  ttl: '1h',
  ...shared,
});

const byUser = (userId: string): [string] => [userId];

/** On what changes a connection of the user who is its first argument. */
export function ChangesConnection() {
  const drop = Caching({ evict: [CacheEvict(platformStatus, byUser), CacheEvict(platformProfiles, byUser)] });
  return <Method extends (userId: string, ...rest: never[]) => Promise<unknown>>(
    prototype: object,
    method: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => drop(prototype, method, descriptor);
}
