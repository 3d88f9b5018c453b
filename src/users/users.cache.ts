import { defineCache } from '@rapport/cache';
import type { PublicProfile, UserRecord } from './users.types.js';

/*
 * What is cached about people, and what drops it.
 *
 * | cache             | key               | dropped by                                             |
 * |-------------------|-------------------|--------------------------------------------------------|
 * | user              | user id           | every change of the user, and of the tier              |
 * | user:profile      | user id           | every change of the user                               |
 * | user:username     | normalised name   | registration and every change: the old and the new name |
 * | username:exists   | normalised name   | registration and every change: the old and the new name |
 * | username:skeleton | skeleton          | registration and every change: the old and the new name |
 *
 * Each loader reads the database, never another of these caches: a value derived from a cached one could be filled
 * after its own evict and before the other's.
 */

const l1 = { ttl: '1m' } as const;

export const userById = defineCache<[userId: string], UserRecord | null>({
  name: 'user',
  key: (userId) => [userId],
  ttl: '1h',
  l1,
});

export const userProfile = defineCache<[userId: string], PublicProfile | null>({
  name: 'user:profile',
  key: (userId) => [userId],
  ttl: '1h',
  l1,
});

/** Normalised username → user id; null is remembered too. */
export const userIdByUsername = defineCache<[normalizedUsername: string], string | null>({
  name: 'user:username',
  key: (normalizedUsername) => [normalizedUsername],
  ttl: '1h',
  l1,
});

export const usernameExists = defineCache<[normalizedUsername: string], boolean>({
  name: 'username:exists',
  key: (normalizedUsername) => [normalizedUsername],
  ttl: '30m',
  l1,
});

/** Whether somebody's name looks like this. */
export const usernameSkeleton = defineCache<[skeleton: string], boolean>({
  name: 'username:skeleton',
  key: (skeleton) => [skeleton],
  ttl: '30m',
  l1,
});
